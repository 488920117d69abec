//! From HTTP to WebSocket (RFC 6455, section 4): who may open one.

use std::net::IpAddr;

use http::header::{ALLOW, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderValue, Method, StatusCode};
use tungstenite::handshake::server::create_response;

use super::http::{Head, Origin, Reply, check_origin};
use super::site::Site;
use crate::ledger::{ClientAddress, Resource};

/// Answers a request for `/ws`. Frames follow an answer of 101.
pub(super) fn answer(head: &Head, connected: IpAddr, client: ClientAddress, site: &mut Site<'_>) -> Reply {
    if let Some(refusal) = refusal(head, connected, client, site) {
        return refusal;
    }
    if let Err(over) = site.conference.ledger().check(client, Resource::Sockets, 1, site.limits) {
        site.tally.hit(over.limit());
        return site.over("your address has as many sockets as one may have", over);
    }
    let mut request = http::Request::new(());
    *request.version_mut() = head.version;
    request.headers_mut().clone_from(&head.headers);
    match create_response(&request) {
        Ok(response) => response.into(),
        Err(error) => Reply::problem(StatusCode::UPGRADE_REQUIRED, &error.to_string())
            .with(UPGRADE, HeaderValue::from_static("websocket"))
            .with(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
    }
}

fn refusal(head: &Head, connected: IpAddr, client: ClientAddress, site: &mut Site<'_>) -> Option<Reply> {
    if head.method != Method::GET {
        let reply = Reply::problem(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket opens with GET");
        return Some(reply.with(ALLOW, HeaderValue::from_static("GET")));
    }
    if site.stopping {
        return Some(Reply::problem(StatusCode::SERVICE_UNAVAILABLE, "the server is ending"));
    }
    let host = site.proxies.host(connected, head);
    let scheme = site.door.scheme(site.proxies.scheme(connected, &head.headers));
    let foreign = check_origin(&head.headers, host.as_ref(), scheme).err()?;
    if site.door.lets_in(&head.headers).is_some() {
        return None;
    }
    let origin = Origin::of(&head.headers).ok();
    let warning = site.refusals.tell(site.now.instant, client, foreign, origin.as_ref(), host.as_ref());
    if let Some(warning) = warning {
        log::warn!("{warning}");
    }
    let why = format!("only pages of this server may connect: {foreign}");
    Some(Reply::problem(StatusCode::FORBIDDEN, &why))
}
