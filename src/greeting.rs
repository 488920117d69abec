//! What the server says when it is ready: which address is for whom.

use crate::control::{HostName, Reach};
use crate::qr;

/// What there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Pages are served over TLS.
    pub tls: bool,
    /// The TCP port of pages.
    pub port: u16,
    /// Where people reach it.
    pub reach: Reach,
    /// Browsers warn of the certificate.
    pub self_signed: bool,
    /// People look at it, and not a program or a file: it may have a picture.
    pub on_terminal: bool,
}

impl Greeting {
    /// The lines, each with its end.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec!["Plenary is ready.".to_owned()];
        let here = self.reach.here.iter().map(|host| ("On this machine:", host));
        let elsewhere = self.reach.elsewhere.iter().map(|host| (for_whom(host), host));
        let mut last = "";
        for (label, host) in here.chain(elsewhere) {
            let shown = if label == last { "" } else { label };
            lines.push(format!("  {shown:<16}  {}", self.address(host)));
            last = label;
        }
        if self.self_signed {
            lines.push("Browsers warn of its certificate once: README.md says how to go on.".to_owned());
        }
        let mut text = lines.join("\n") + "\n";
        if let Some(picture) = self.picture() {
            text += &picture;
        }
        text
    }

    fn address(&self, host: &HostName) -> String {
        format!("{}://{host}:{}", if self.tls { "https" } else { "http" }, self.port)
    }

    /// For phones, which nobody likes to type addresses into. Not without TLS: browsers would give no camera.
    fn picture(&self) -> Option<String> {
        let host = self.reach.elsewhere.first().filter(|_| self.on_terminal && self.tls)?;
        let code = qr::for_terminal(&self.address(host))?;
        Some(format!("\nFor a phone in your network:\n{code}"))
    }
}

fn for_whom(host: &HostName) -> &'static str {
    match host {
        HostName::Address(_) => "In your network:",
        HostName::Name(_) => "By its name:",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(here: &[&str], elsewhere: &[&str]) -> Greeting {
        let hosts =
            |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<HostName>>();
        let reach = Reach { here: hosts(here).into_iter().next(), elsewhere: hosts(elsewhere) };
        Greeting { tls: true, port: 8443, reach, self_signed: true, on_terminal: false }
    }

    #[test]
    fn each_address_says_whom_it_is_for() {
        let greeting = greeting(&["localhost"], &["192.168.0.7", "2001:db8::7"]);
        let expected = "Plenary is ready.
  On this machine:  https://localhost:8443
  In your network:  https://192.168.0.7:8443
                    https://[2001:db8::7]:8443
Browsers warn of its certificate once: README.md says how to go on.
";
        assert_eq!(greeting.text(), expected);
    }

    #[test]
    fn a_server_with_a_name_says_it_and_nothing_of_a_certificate_of_the_operators() {
        let greeting = Greeting { self_signed: false, ..greeting(&[], &["meet.example.org"]) };
        let expected = "Plenary is ready.\n  By its name:      https://meet.example.org:8443\n";
        assert_eq!(greeting.text(), expected);
    }

    #[test]
    fn a_picture_is_for_people_with_somewhere_to_go() {
        let shown = |greeting: Greeting| {
            let text = Greeting { on_terminal: true, ..greeting.clone() }.text();
            assert!(text.starts_with(&greeting.text()), "it comes last: {text}");
            text.contains('█')
        };
        assert!(shown(greeting(&["localhost"], &["192.168.0.7"])));
        assert!(!shown(greeting(&["localhost"], &[])), "a phone has another localhost");
        assert!(!shown(Greeting { tls: false, ..greeting(&["localhost"], &["192.168.0.7"]) }));
        assert!(!greeting(&["localhost"], &["192.168.0.7"]).text().contains('█'), "not in a file");
    }
}
