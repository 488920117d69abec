//! Where people reach the server: at the machine itself, and from elsewhere.

use std::net::IpAddr;

use super::http::HostName;

/// The hosts that lead to the server, by whom they lead there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// For whoever sits at the machine.
    pub here: Option<HostName>,
    /// For everybody else, the best first.
    pub elsewhere: Vec<HostName>,
}

impl Reach {
    /// Of a server with these `names` (none: it answers to every one) that listens at the addresses `served` (none: all) of a
    /// machine that has these `addresses`, the best first.
    #[must_use]
    pub fn of(names: &[HostName], served: &[IpAddr], addresses: &[IpAddr]) -> Self {
        if !names.is_empty() {
            let (here, elsewhere): (Vec<_>, Vec<_>) = names.iter().cloned().partition(HostName::is_loopback);
            return Self { here: here.into_iter().next(), elsewhere };
        }
        let is_served = |address: &IpAddr| {
            served.is_empty()
                || served.contains(address)
                || served.iter().any(|any| any.is_unspecified() && any.is_ipv4() == address.is_ipv4())
        };
        let (here, elsewhere): (Vec<IpAddr>, Vec<IpAddr>) =
            addresses.iter().copied().filter(is_served).partition(IpAddr::is_loopback);
        Self {
            here: (!here.is_empty()).then(|| HostName::Name("localhost".into())),
            elsewhere: elsewhere.into_iter().map(HostName::Address).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn reach(names: &[&str], served: &[&str]) -> (Option<String>, Vec<String>) {
        let own = addresses(&["192.168.0.7", "10.0.0.1", "2001:db8::7", "127.0.0.1", "::1"]);
        let names: Vec<HostName> = names.iter().map(|name| name.parse().unwrap()).collect();
        let Reach { here, elsewhere } = Reach::of(&names, &addresses(served), &own);
        (here.map(|host| host.to_string()), elsewhere.iter().map(ToString::to_string).collect())
    }

    fn told(here: Option<&str>, elsewhere: &[&str]) -> (Option<String>, Vec<String>) {
        (here.map(str::to_owned), elsewhere.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn everybody_is_told_the_addresses_that_are_served_and_no_others() {
        let all = ["192.168.0.7", "10.0.0.1", "[2001:db8::7]"];
        assert_eq!(reach(&[], &[]), told(Some("localhost"), &all));
        assert_eq!(reach(&[], &["0.0.0.0"]), told(Some("localhost"), &all[..2]));
        assert_eq!(reach(&[], &["10.0.0.1"]), told(None, &["10.0.0.1"]));
        assert_eq!(reach(&[], &["127.0.0.1", "::1"]), told(Some("localhost"), &[]));
    }

    #[test]
    fn a_server_with_names_is_reached_by_them_alone() {
        assert_eq!(reach(&["meet.example"], &[]), told(None, &["meet.example"]));
        assert_eq!(reach(&["localhost", "192.168.0.7"], &[]), told(Some("localhost"), &["192.168.0.7"]));
    }
}
