//! Where clients reach the media port: what the operator says, and what this machine has.

use std::io;
use std::net::IpAddr;
use std::str::FromStr;

/// One address where clients reach the media port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    /// The address of this machine that datagrams for `public` arrive at. Unspecified (`0.0.0.0`, `::`) when the operator
    /// named only `public` and no interface has it: then whichever of that family.
    pub local: IpAddr,
    /// The address told to clients.
    pub public: IpAddr,
}

impl FromStr for Announced {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = |text: &str| {
            let parsed = text.trim().trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            let address = parsed.map_err(|_| format!("\"{text}\" is not an IP address"))?.to_canonical();
            if address.is_multicast() {
                return Err(format!("{address} is the address of a group"));
            }
            Ok(address)
        };
        let (local, public) = match text.split_once('=') {
            Some((local, public)) => (Some(address(local)?), address(public)?),
            None => (None, address(text)?),
        };
        if public.is_unspecified() {
            return Err(format!("{public} is nothing clients could send to"));
        }
        let local =
            local.unwrap_or(if public.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0_u16; 8]) });
        if local.is_ipv4() != public.is_ipv4() {
            return Err(format!("{local} and {public} are not of one IP version"));
        }
        Ok(Self { local, public })
    }
}

/// What is announced of these, on a machine with such addresses: all of them if nothing is wanted.
pub(super) fn resolve(wanted: &[Announced], addresses: &[IpAddr]) -> Vec<Announced> {
    if wanted.is_empty() {
        return addresses.iter().map(|&address| Announced { local: address, public: address }).collect();
    }
    let resolve = |&Announced { local, public }: &Announced| {
        let is_own = local.is_unspecified() && addresses.contains(&public);
        Announced { local: if is_own { public } else { local }, public }
    };
    wanted.iter().map(resolve).collect()
}

/// The addresses of interfaces that are up: link-local ones left out, v4-mapped made plain, loopback last.
///
/// # Errors
/// [`io::Error`] if the system does not tell.
pub fn interface_addresses() -> io::Result<Vec<IpAddr>> {
    let interfaces = if_addrs::get_if_addrs()?;
    let up = interfaces.iter().filter(|interface| interface.is_oper_up() || interface.is_loopback());
    let mut addresses: Vec<IpAddr> = up
        .filter(|interface| !interface.is_link_local())
        .map(|interface| interface.ip().to_canonical())
        .collect();
    addresses.sort_by_key(|address| (address.is_loopback(), address.is_ipv6(), *address));
    addresses.dedup();
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{addresses, config};

    fn announce(text: &str) -> Result<Announced, String> {
        text.parse()
    }

    #[test]
    fn several_addresses_are_announced() {
        let config =
            config(&["--announce", "192.0.2.1,10.0.0.1=192.0.2.2", "--announce", "[2001:db8::1]"]).unwrap();
        let of = |local: &str, public: &str| Announced {
            local: local.parse().unwrap(),
            public: public.parse().unwrap(),
        };
        let expected = [of("0.0.0.0", "192.0.2.1"), of("10.0.0.1", "192.0.2.2"), of("::", "2001:db8::1")];
        assert_eq!(config.announced, expected);
    }

    #[test]
    fn an_address_of_our_own_is_its_own_local_address() {
        let own = addresses(&["192.0.2.1", "127.0.0.1"]);
        let wanted = [announce("::ffff:192.0.2.1").unwrap()];
        assert_eq!(resolve(&wanted, &own), [Announced { local: own[0], public: own[0] }]);
        let all: Vec<IpAddr> = resolve(&[], &own).iter().map(|announced| announced.public).collect();
        assert_eq!(all, own);
    }

    #[test]
    fn addresses_nobody_can_send_to_are_refused() {
        for bad in
            ["", "=", "0.0.0.0", "::", "224.0.0.1", "1.2.3.4=ff02::1", "1.2.3.4=0.0.0.0", "10.0.0.1=::1"]
        {
            assert!(announce(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn this_machine_announces_no_link_local_address_and_loopback_last() {
        let found = interface_addresses().unwrap();
        let first_loopback = found.iter().position(IpAddr::is_loopback).unwrap_or(found.len());
        assert!(found.iter().skip(first_loopback).all(IpAddr::is_loopback), "{found:?}");
        assert!(!found.iter().any(|address| match address {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        }));
    }
}
