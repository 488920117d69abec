//! Where pages and signaling are served, and for which hosts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clap::Args;

use crate::control::{HostName, Origin};
use crate::listener::Listeners;

/// The machine itself.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

#[derive(Debug, Clone, Args)]
pub(super) struct DoorArgs {
    /// Address where pages and signaling are served, IPv4 or IPv6; repeat it or separate with commas. Without it: every
    /// address of this machine, with --plain-http its loopback addresses only
    #[arg(long, env = "PLENARY_HTTP_ADDRESS", value_name = "ADDRESS", value_delimiter = ',', value_parser = address)]
    http_address: Vec<IpAddr>,

    /// Name in people's links: requests for any other host are refused. Repeat it or separate with commas. Without it:
    /// every host
    #[arg(long, env = "PLENARY_HOST", value_name = "NAME", value_delimiter = ',')]
    host: Vec<HostName>,

    /// Other site whose pages may use the API and signaling, and show this one in a frame, such as `https://app.example.org`. Repeat it or
    /// separate with commas. Without it: none
    #[arg(long, env = "PLENARY_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub(super) origin: Vec<Origin>,

    /// Other site whose pages may show this one in a frame, and nothing else, such as `https://www.example.org`. Repeat it
    /// or separate with commas. Without it: those of --origin
    #[arg(long, env = "PLENARY_FRAME_ANCESTORS", value_name = "ORIGIN", value_delimiter = ',')]
    pub(super) frame_ancestors: Vec<Origin>,
}

/// The addresses (none: every one) and the hosts (none: every one).
///
/// # Errors
/// Says what is wrong with them together.
pub(super) fn settle(args: DoorArgs, plain_http: bool) -> Result<(Vec<IpAddr>, Vec<HostName>), String> {
    let mut addresses = Vec::new();
    for address in args.http_address {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() && plain_http {
        addresses = LOOPBACK.to_vec();
    }
    if addresses.len() > Listeners::MOST {
        return Err(format!("--http-address: at most {} addresses", Listeners::MOST));
    }
    Ok((addresses, args.host))
}

fn address(text: &str) -> Result<IpAddr, String> {
    let parsed = text.trim().trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let address = parsed.map_err(|_| "no IP address".to_owned())?.to_canonical();
    if address.is_multicast() { Err("the address of a group".to_owned()) } else { Ok(address) }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{addresses, config};

    #[test]
    fn pages_are_served_everywhere_and_in_the_clear_only_at_home() {
        assert!(config(&[]).unwrap().http_addresses.is_empty());
        assert_eq!(config(&["--plain-http"]).unwrap().http_addresses, addresses(&["127.0.0.1", "::1"]));
        let named =
            ["--plain-http", "--http-address", "10.0.0.1,[2001:db8::1]", "--http-address", "::ffff:10.0.0.2"];
        assert_eq!(
            config(&named).unwrap().http_addresses,
            addresses(&["10.0.0.1", "2001:db8::1", "10.0.0.2"])
        );
        let twice = config(&["--http-address", "10.0.0.1,::ffff:10.0.0.1"]).unwrap();
        assert_eq!(twice.http_addresses, addresses(&["10.0.0.1"]), "one listener each");
        let hosts = config(&["--host", "Meet.Example.org,10.0.0.1", "--host", "[::1]"]).unwrap().hosts;
        let read: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        assert_eq!(read, ["meet.example.org", "10.0.0.1", "[::1]"]);
    }

    #[test]
    fn what_is_no_address_or_no_name_is_one_line() {
        let nine =
            "127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5,127.0.0.6,127.0.0.7,127.0.0.8,127.0.0.9";
        for (flag, value) in [
            ("--http-address", "example.org"),
            ("--http-address", "224.0.0.1"),
            ("--http-address", nine),
            ("--host", "https://meet.example.org"),
            ("--host", "meet.example.org:8443"),
            ("--host", "meet.example.org,"),
            ("--origin", "app.example.org"),
            ("--origin", "https://app.example.org/page"),
            ("--origin", "*"),
            ("--frame-ancestors", "www.example.org"),
            ("--frame-ancestors", "https://*.example.org"),
            ("--frame-ancestors", "*"),
        ] {
            let stop = config(&[flag, value]).unwrap_err();
            assert_eq!((stop.code, stop.text.lines().count()), (2, 1), "{flag} {value}: {}", stop.text);
            assert!(stop.text.contains(flag), "{}", stop.text);
        }
    }
}
