//! Links that lead others in the network here, told to a browser on the machine itself and to nobody else.
//!
//! Whoever opened the page at `localhost` has a link that works on that machine only; the server knows which would work for
//! others. To strangers its addresses are of no use, and none of their business.

use std::net::IpAddr;

use http::header::ORIGIN;
use http::{HeaderMap, StatusCode, Version};
use serde::Serialize;

use super::http::{Head, Host, Reply, Request};
use super::proxy::TrustedProxies;
use super::reach::Reach;
use super::site::{Site, only_reading};
use crate::qr::Modules;

/// What the id of a room follows.
pub(super) const PATH: &str = "/api/invites/";

/// Links in one answer at most: a machine may have dozens of addresses, and nobody tries more than a few.
const MOST_LINKS: usize = 4;

/// Bytes of an id at most; a room's name in it has 64 characters, and what is drawn 23.
const MOST_ID_BYTES: usize = 128;

/// Headers by which proxies say that they speak for somebody else.
const FOR_ANOTHER: [&str; 6] =
    ["forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"];

#[derive(Debug, Serialize)]
struct Invites {
    links: Vec<Invite>,
}

#[derive(Debug, Serialize)]
struct Invite {
    url: String,
    /// The same to look at; left out if the link is too long for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<Modules>,
}

/// The links to the room `id` for others, the best first. Empty for whoever is not at the machine.
pub(super) fn answer(request: &Request, connected: IpAddr, id: &str, site: &Site<'_>) -> Reply {
    let is_told = is_at_the_machine(&request.head, connected, site.proxies);
    only_reading(request, || {
        let invites = Invites { links: if is_told { links(id, site) } else { Vec::new() } };
        is_id(id).then(|| Reply::json(StatusCode::OK, &invites))
    })
}

/// Whether it can be the id of a room. Whether there is such a room is not said.
fn is_id(id: &str) -> bool {
    (1..=MOST_ID_BYTES).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn links(id: &str, site: &Site<'_>) -> Vec<Invite> {
    let door = site.door;
    let Some(addresses) = door.addresses.filter(|_| is_id(id)) else { return Vec::new() };
    let scheme = if door.tls { "https" } else { "http" };
    let hosts = Reach::of(&door.hosts, &door.served, &addresses()).elsewhere;
    let link = |host| {
        let url = format!("{scheme}://{host}:{}/r/{id}", door.port);
        Invite { qr: Modules::of(&url), url }
    };
    hosts.into_iter().take(MOST_LINKS).map(link).collect()
}

/// Whether a page of ours asks in a browser on this very machine. A proxy on it connects from there, too, and one that is set
/// up badly says nothing of whom it speaks for: what browsers never send is taken as a sign of it.
fn is_at_the_machine(head: &Head, connected: IpAddr, proxies: &TrustedProxies) -> bool {
    let is_loopback = |host: &Host| host.name.is_loopback();
    connected.is_loopback()
        && !proxies.trusts(connected)
        && head.host.as_ref().is_some_and(is_loopback)
        && !speaks_for_another(&head.headers)
        && head.version == Version::HTTP_11
        && head.keep_alive
        && is_of_our_page(head)
}

fn speaks_for_another(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| name.as_str().starts_with("x-forwarded") || FOR_ANOTHER.contains(&name.as_str()))
}

/// What browsers say about the page that asks agrees with the host that is asked.
fn is_of_our_page(head: &Head) -> bool {
    let fetched = head.headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let origin = head.headers.get(ORIGIN).is_none_or(|origin| {
        let host = origin.to_str().ok().and_then(|origin| Host::read(origin.split_once("://")?.1));
        host.is_some() && host == head.host
    });
    fetched && origin
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::http::parse_head;

    /// The rest is seen from outside (`tests/http/invites.rs`), where every connection is a loopback one.
    #[test]
    fn who_connects_from_elsewhere_is_not_at_the_machine_whatever_they_say() {
        let request =
            b"GET /api/invites/a HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n\r\n";
        let (head, _) = parse_head(request, 1_000, 0).unwrap().unwrap();
        for (connected, is) in [
            ("127.0.0.1", true),
            ("127.0.0.44", true),
            ("::1", true),
            ("192.168.0.7", false),
            ("172.17.0.1", false),
            ("2001:db8::7", false),
        ] {
            let told = is_at_the_machine(&head, connected.parse().unwrap(), &TrustedProxies::default());
            assert_eq!(told, is, "{connected}");
        }
    }
}
