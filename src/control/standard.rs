//! WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): which request means what, and the answers that wait for a worker. See `docs/whip.md`.

use std::sync::LazyLock;

use http::header::{
    ACCEPT, ALLOW, CONTENT_TYPE, ETAG, IF_MATCH, LINK, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use matchit::Router;

use super::Turn;
use super::answers::Outcome;
use super::http::{Reply, Request, bearer};
use super::site::{Site, not_allowed, unescaped};
use crate::conference::protocol::IceServer;
use crate::conference::{Patched, Purpose, StandardId, StandardRefused, StandardRequest};
use crate::ledger::ClientAddress;

/// A session description (RFC 8866).
const SDP: &str = "application/sdp";

/// What is new of one (RFC 8840).
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// When to come again where somebody has to leave first, in seconds.
const LATER: HeaderValue = HeaderValue::from_static("10");

/// What there is.
#[derive(Debug, Clone, Copy)]
enum Route {
    /// Where sessions begin.
    Endpoint(Purpose),
    /// One of them.
    Session(Purpose),
}

const ROUTES: [(&str, Route); 4] = [
    ("/whip/{room}", Route::Endpoint(Purpose::Publish)),
    ("/whep/{room}", Route::Endpoint(Purpose::Watch)),
    ("/whip/{room}/{session}", Route::Session(Purpose::Publish)),
    ("/whep/{room}/{session}", Route::Session(Purpose::Watch)),
];

static ROUTER: LazyLock<Router<Route>> = LazyLock::new(|| {
    let mut router = Router::new();
    for (path, route) in ROUTES {
        if let Err(error) = router.insert(path, route) {
            log::error!("{path} cannot be a route: {error}");
        }
    }
    router
});

impl Turn<'_> {
    /// A worker's answer came: whoever waits for it goes on. Of whom nobody waits any more, the session never was.
    pub(super) fn answer_standard(&mut self, id: StandardId, outcome: Outcome) {
        let Some(connection) = self.control.answers.waits_for(id) else { return };
        if self.control.connections.contains_key(&connection) {
            self.control.answers.put(id, outcome);
            self.make_ready(connection);
        } else {
            self.conference.abandon_standard(self.now, id);
        }
    }
}

impl Site<'_> {
    /// Answers a request for something under `/whip/` or `/whep/`; `None` if it is for nothing there.
    pub(super) fn standard(&mut self, request: &Request, client: ClientAddress) -> Option<Reply> {
        let path = request.head.path.as_str();
        let found = ROUTER.at(path).ok()?;
        let method = &request.head.method;
        Some(match *found.value {
            Route::Endpoint(_) if method == Method::OPTIONS => {
                self.options("OPTIONS, POST", ACCEPT_POST, SDP)
            }
            Route::Session(_) if method == Method::OPTIONS => {
                self.options("OPTIONS, PATCH, DELETE", ACCEPT_PATCH, FRAGMENT)
            }
            Route::Endpoint(purpose) if method == Method::POST => {
                self.open(request, client, purpose, found.params.get("room").unwrap_or_default())
            }
            Route::Session(purpose) if method == Method::PATCH => {
                self.patch(request, client, purpose, found.params.get("session").unwrap_or_default())
            }
            Route::Session(purpose) if method == Method::DELETE => {
                let session = found.params.get("session").unwrap_or_default();
                let whose = (purpose, session, bearer(&request.head.headers));
                match self.conference.close_standard(self.now, client, whose) {
                    Ok(()) => Reply::empty(StatusCode::OK),
                    Err(refused) => self.turned_down(&refused),
                }
            }
            Route::Endpoint(_) => not_allowed("OPTIONS, POST"),
            Route::Session(_) => not_allowed("OPTIONS, PATCH, DELETE"),
        })
    }

    /// What an address takes. Where somebody finds out their own address is no secret; the relay is for those who come in.
    fn options(&self, allowed: &'static str, takes: HeaderName, kind: &'static str) -> Reply {
        let reply = Reply::empty(StatusCode::NO_CONTENT)
            .with(ALLOW, HeaderValue::from_static(allowed))
            .with(takes, HeaderValue::from_static(kind));
        linked(reply, &self.conference.stun_servers())
    }

    fn open(&mut self, request: &Request, client: ClientAddress, purpose: Purpose, room: &str) -> Reply {
        if let Some(refusal) = misfit(&request.head.headers, SDP, ACCEPT_POST) {
            return refusal;
        }
        let Ok(sdp) = std::str::from_utf8(&request.body) else { return unreadable() };
        let query = request.head.target.split_once('?').map_or("", |(_, query)| query);
        let of = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value)
        };
        let (name, peer, text) = (of("name"), of("peer"), unescaped(room));
        let wanted = StandardRequest {
            purpose,
            room: &text,
            name: name.as_deref(),
            peer: peer.as_deref(),
            shown: bearer(&request.head.headers),
            sdp,
        };
        match self.conference.open_standard(self.now, client, &wanted) {
            Ok(id) => {
                let way = match purpose {
                    Purpose::Publish => "whip",
                    Purpose::Watch => "whep",
                };
                let mut reply = Reply::empty(StatusCode::CREATED);
                reply.answer = Some(id);
                match HeaderValue::try_from(format!("/{way}/{room}/{id}")) {
                    Ok(location) => reply.with(LOCATION, location),
                    Err(_) => reply,
                }
            }
            Err(refused) => self.turned_down(&refused),
        }
    }

    fn patch(&mut self, request: &Request, client: ClientAddress, purpose: Purpose, session: &str) -> Reply {
        let headers = &request.head.headers;
        if let Some(refusal) = misfit(headers, FRAGMENT, ACCEPT_PATCH) {
            return refusal;
        }
        let Ok(fragment) = std::str::from_utf8(&request.body) else { return unreadable() };
        let lines = headers.get_all(IF_MATCH).iter().filter_map(|line| line.to_str().ok());
        let tags: Vec<&str> =
            lines.flat_map(|line| line.split(',')).map(|tag| tag.trim().trim_matches('"')).collect();
        let whose = (purpose, session, bearer(headers));
        match self.conference.patch_standard(self.now, client, whose, &tags, fragment) {
            Ok(Patched::Noted) => Reply::empty(StatusCode::NO_CONTENT),
            Ok(Patched::Awaited(id)) => {
                let mut reply = Reply::empty(StatusCode::OK);
                reply.answer = Some(id);
                reply
            }
            Err(refused) => self.turned_down(&refused),
        }
    }

    /// The answer that waited, now that it is known what it is.
    pub(super) fn standard_answer(&self, reply: Reply, outcome: Outcome) -> Reply {
        let answer = match outcome {
            Ok(answer) => answer,
            Err(refused) => return self.turned_down(&refused).in_place_of(&reply),
        };
        let kind = if reply.status == StatusCode::CREATED { SDP } else { FRAGMENT };
        let reply = linked(reply, &answer.ice_servers).with_body(kind, answer.sdp.into_bytes());
        match HeaderValue::try_from(format!("\"{}\"", answer.tag)) {
            Ok(tag) => reply.with(ETAG, tag),
            Err(_) => reply,
        }
    }

    /// No worker answered in time.
    pub(super) fn standard_unanswered(&mut self, reply: &Reply, id: StandardId) -> Reply {
        self.answers.forget(id);
        self.conference.abandon_standard(self.now, id);
        Reply::problem(StatusCode::SERVICE_UNAVAILABLE, "no part of the server that forwards media answered")
            .with(RETRY_AFTER, LATER)
            .in_place_of(reply)
    }

    fn turned_down(&self, refused: &StandardRefused) -> Reply {
        let why = refused.to_string();
        let problem = |status| Reply::problem(status, &why);
        let challenged = |challenge| {
            problem(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
        };
        match refused {
            StandardRefused::BadOffer(_) | StandardRefused::BadName(_) | StandardRefused::BadFragment => {
                problem(StatusCode::BAD_REQUEST)
            }
            StandardRefused::Unfit(_) | StandardRefused::TooFast { .. } | StandardRefused::NotAccepted(_) => {
                problem(StatusCode::UNPROCESSABLE_ENTITY)
            }
            StandardRefused::TokenNeeded => challenged("Bearer"),
            StandardRefused::BadToken(_) => challenged("Bearer error=\"invalid_token\""),
            StandardRefused::Forbidden(_) | StandardRefused::Kept | StandardRefused::NotTheirs => {
                problem(StatusCode::FORBIDDEN)
            }
            StandardRefused::NoRoom | StandardRefused::NoSession | StandardRefused::NoPeer => {
                problem(StatusCode::NOT_FOUND)
            }
            StandardRefused::Full | StandardRefused::Failed => {
                problem(StatusCode::SERVICE_UNAVAILABLE).with(RETRY_AFTER, LATER)
            }
            StandardRefused::Over(over) => self.over(&why, *over),
            StandardRefused::NoTag => problem(StatusCode::PRECONDITION_REQUIRED),
            StandardRefused::OldTag => problem(StatusCode::PRECONDITION_FAILED),
            StandardRefused::Asked => problem(StatusCode::CONFLICT),
        }
    }
}

/// Why the body is not looked at, or its answer would not be: 415 (with what would be) and 406 (RFC 9110, 15.5.7 and 15.5.16).
fn misfit(headers: &HeaderMap, kind: &'static str, takes: HeaderName) -> Option<Reply> {
    let value = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let bare = |value: &str| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    // RFC 9110, 12.4.2: a weight of 0 is "not acceptable".
    let weighs = |range: &&str| {
        let mut weights = range.split(';').skip(1).filter_map(|part| part.trim().strip_prefix("q="));
        weights.all(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
    };
    if value(CONTENT_TYPE).map(bare).as_deref() != Some(kind) {
        let why = format!("send {kind}");
        let reply = Reply::problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, &why);
        return Some(reply.with(takes, HeaderValue::from_static(kind)));
    }
    let accepts = value(ACCEPT).unwrap_or("*/*");
    let takes = |range: &str| range == kind || range == "application/*" || range == "*/*";
    let acceptable = accepts.split(',').filter(weighs).map(bare).any(|range| takes(&range));
    (!acceptable).then(|| Reply::problem(StatusCode::NOT_ACCEPTABLE, &format!("the answer is {kind}")))
}

fn unreadable() -> Reply {
    Reply::problem(StatusCode::BAD_REQUEST, "the body is no text in UTF-8")
}

/// An answer that names what somebody may use for ICE (RFC 9725, 4.6).
fn linked(reply: Reply, servers: &[IceServer]) -> Reply {
    let quoted = |text: &str| text.replace(['"', '\\'], "");
    let links = servers.iter().flat_map(|server| {
        server.urls.iter().map(move |url| match (&server.username, &server.credential) {
            (Some(name), Some(word)) => format!(
                "<{url}>; rel=\"ice-server\"; username=\"{}\"; credential=\"{}\"; credential-type=\"password\"",
                quoted(name),
                quoted(word)
            ),
            _ => format!("<{url}>; rel=\"ice-server\""),
        })
    });
    links.filter_map(|link| HeaderValue::try_from(link).ok()).fold(reply, |reply, link| reply.and(LINK, link))
}
