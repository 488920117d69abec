//! The API: which request means what. See `docs/api.md` and `openapi.json`.

use std::sync::LazyLock;

use http::header::{ETAG, IF_MATCH, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use matchit::Router;
use serde::{Deserialize, Serialize};
use serde_json::de::SliceRead;

use super::http::{Awaited, Reply, Request, bearer};
use super::site::{Site, has_type, is_json, not_allowed, only_reading, unescaped, wants_page};
use crate::conference::protocol::TrackName;
use crate::conference::{Declined, Full, RoomPatch, is_pass};
use crate::json;
use crate::ledger::ClientAddress;

/// The description of the API (`OpenAPI` 3.1).
const DESCRIPTION: &str = include_str!("api/openapi.json");

/// What a change of a room is, for programs that say so.
const MERGE_PATCH: &str = "application/merge-patch+json";

/// Where messages of an application come from that does not say.
const NAMELESS: &str = "Announcement";

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Description,
    Rooms,
    Room,
    Peers,
    Peer,
    Mute,
    Trace,
    Messages,
    Trouble,
    Frames,
}

impl Route {
    /// All there are, with what they take.
    pub(super) const ALL: [(&'static str, Route, &'static str); 10] = [
        ("/api/openapi.json", Route::Description, "GET, HEAD"),
        ("/api/rooms", Route::Rooms, "GET, HEAD, POST"),
        ("/api/rooms/{id}", Route::Room, "GET, HEAD, PATCH, DELETE"),
        ("/api/rooms/{id}/peers", Route::Peers, "GET, HEAD"),
        ("/api/rooms/{id}/peers/{peer}", Route::Peer, "DELETE"),
        ("/api/rooms/{id}/peers/{peer}/mute", Route::Mute, "POST"),
        ("/api/rooms/{id}/peers/{peer}/trace", Route::Trace, "GET, HEAD"),
        ("/api/rooms/{id}/messages", Route::Messages, "POST"),
        ("/api/troubles/{code}", Route::Trouble, "GET, HEAD"),
        ("/api/frames", Route::Frames, "GET, HEAD"),
    ];

    /// What somebody gets who asks by another method.
    fn refuses(self, method: &Method) -> Option<Reply> {
        let allowed =
            Route::ALL.iter().find(|(_, route, _)| *route == self).map_or("", |(_, _, methods)| *methods);
        let takes = allowed.split(", ").any(|known| known == method.as_str());
        (!takes).then(|| not_allowed(allowed))
    }
}

/// Finds them.
static ROUTES: LazyLock<Router<Route>> = LazyLock::new(|| {
    let mut router = Router::new();
    for (path, route, _) in Route::ALL {
        if let Err(error) = router.insert(path, route) {
            log::error!("{path} cannot be a route: {error}");
        }
    }
    router
});

/// `POST …/messages`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    text: String,
    name: Option<String>,
}

/// A room as who stands before it sees it.
#[derive(Debug, Serialize)]
struct Seen<'a, T> {
    #[serde(flatten)]
    room: &'a T,
    /// Of who is inside, if that may be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    /// Why they would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    full: Option<Full>,
}

impl Site<'_> {
    /// Answers a request for something under `/api/`; `None` if there is no such thing.
    pub(super) fn api(&mut self, request: &Request, client: ClientAddress) -> Option<Reply> {
        let path = request.head.path.as_str();
        let Ok(found) = ROUTES.at(path) else {
            // A link's id may have slashes around it, as a chat program adds them.
            let text = path.strip_prefix("/api/rooms/")?;
            return Some(self.room(request, client, text));
        };
        if let Some(refusal) = found.value.refuses(&request.head.method) {
            return Some(refusal);
        }
        let id = found.params.get("id").unwrap_or_default();
        let peer = found.params.get("peer").unwrap_or_default();
        Some(match found.value {
            Route::Description => Reply::new(StatusCode::OK, "application/json", DESCRIPTION.as_bytes()),
            Route::Frames => self.frames(),
            Route::Rooms if request.head.method == Method::POST => self.create_room(request, client),
            Route::Rooms => self.listed(request),
            Route::Room if request.head.method == Method::PATCH => self.change_room(request, client, id),
            Route::Room if request.head.method == Method::DELETE => {
                self.with_secret(request, |site, secret| {
                    let id = site.meant(id);
                    site.conference.end_room_of(site.now, client, &id, secret).map(|()| done())
                })
            }
            Route::Room => self.room(request, client, id),
            Route::Trouble => self.with_secret(request, |site, secret| {
                let code = found.params.get("code").unwrap_or_default();
                let trouble = site.conference.read_trouble(site.now, client, code, secret)?;
                Ok(Reply::json(StatusCode::OK, &trouble))
            }),
            Route::Trace => self.trace(request, client, (id, peer)),
            Route::Peers => self.with_secret(request, |site, secret| {
                let id = site.meant(id);
                let people = site.conference.list_people(site.now, client, &id, secret)?;
                Ok(Reply::json(StatusCode::OK, &serde_json::json!({ "peers": people })))
            }),
            Route::Peer => self.with_secret(request, |site, secret| {
                let id = site.meant(id);
                site.conference.remove_person(site.now, client, (&id, secret), peer).map(|()| done())
            }),
            Route::Mute => self.with_body(request, |site, secret, wanted: TrackName| {
                let (id, track) = (site.meant(id), (wanted.stream, wanted.kind));
                site.conference.mute_person(site.now, client, (&id, secret), peer, track).map(|()| done())
            }),
            Route::Messages => self.with_body(request, |site, secret, message: Message| {
                let id = site.meant(id);
                let name = message.name.as_deref().unwrap_or(NAMELESS);
                site.conference
                    .write_into(site.now, client, (&id, secret), (name, &message.text))
                    .map(|()| done())
            }),
        })
    }

    /// Which sites show the page in a frame: a page in one talks to no other. Browsers are told the same with each page.
    fn frames(&self) -> Reply {
        let origins: Vec<String> = self.door.framers.iter().map(ToString::to_string).collect();
        Reply::json(StatusCode::OK, &serde_json::json!({ "origins": origins }))
    }

    /// The id somebody means, or what they wrote.
    fn meant(&self, text: &str) -> String {
        self.conference.id_meant(&unescaped(text)).unwrap_or_default()
    }

    /// The room of an id: with what its application keeps, for whoever shows its secret.
    pub(super) fn room(&mut self, request: &Request, client: ClientAddress, text: &str) -> Reply {
        let shown = bearer(&request.head.headers);
        let ended = self.conference.has_ended(&self.meant(text));
        let owns = |site: &Self, shown: &str| {
            !is_pass(shown) || site.conference.administers(site.now, &site.meant(text), shown)
        };
        if request.head.method != Method::HEAD && !ended && shown.is_some_and(|shown| owns(self, shown)) {
            return self.with_secret(request, |site, secret| {
                let id = site.meant(text);
                let details = site.conference.details(site.now, client, &id, secret)?;
                let full = site.conference.full_at_door(client, &id);
                let seen = Seen { room: &details, names: Vec::new(), full };
                Ok(site.tagged(Reply::json(StatusCode::OK, &seen), &id))
            });
        }
        let room = self.conference.look_up_with(self.now, &self.meant(text), shown);
        if room.is_none()
            && let Err(over) = self.conference.asked_in_vain(self.now, client)
        {
            return self.over("too many rooms that do not exist were asked for from your address", over);
        }
        match room {
            Some(room) => only_reading(request, || {
                let names = self.conference.names_at_door(self.now, client, &room.id);
                let full = self.conference.full_at_door(client, &room.id);
                Some(self.tagged(Reply::json(StatusCode::OK, &Seen { room: &room, names, full }), &room.id))
            }),
            None if ended && !wants_page(&request.head.headers) => {
                Reply::problem(StatusCode::GONE, "this room has ended")
            }
            // A program that has the address of a room knows by this that the address is right.
            None if !wants_page(&request.head.headers) => self.declined(&Declined::NoRoom),
            None => only_reading(request, || None),
        }
    }

    fn tagged(&self, reply: Reply, id: &str) -> Reply {
        let tag = self.conference.tag_of(id).map(|tag| HeaderValue::try_from(format!("\"{tag}\"")));
        match tag {
            Some(Ok(tag)) => reply.with(ETAG, tag),
            _ => reply,
        }
    }

    fn change_room(&mut self, request: &Request, client: ClientAddress, text: &str) -> Reply {
        let lines: Vec<String> = request
            .head
            .headers
            .get_all(IF_MATCH)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(',').map(|tag| tag.trim().trim_matches('"').to_owned()))
            .collect();
        let tags: Vec<&str> = lines.iter().map(String::as_str).collect();
        let tags = (!tags.is_empty()).then_some(&tags[..]);
        self.with_body(request, |site, secret, patch: RoomPatch| {
            let id = site.meant(text);
            let details = site.conference.change_room(site.now, client, (&id, secret), tags, patch)?;
            let mut reply = site.tagged(Reply::json(StatusCode::OK, &details), &id);
            reply.kept = site.keep().map(|number| Awaited { number, made: None });
            Ok(reply)
        })
    }

    /// Does what is for whoever shows a room's secret.
    fn with_secret(
        &mut self,
        request: &Request,
        act: impl FnOnce(&mut Self, &str) -> Result<Reply, Declined>,
    ) -> Reply {
        let Some(secret) = bearer(&request.head.headers) else {
            let why = "send the room's secret, or a token with admin: Authorization: Bearer SECRET";
            return Reply::problem(StatusCode::UNAUTHORIZED, why)
                .with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        };
        act(self, secret).unwrap_or_else(|declined| self.declined(&declined))
    }

    /// The same with a body in JSON.
    fn with_body<T: for<'de> Deserialize<'de>>(
        &mut self,
        request: &Request,
        act: impl FnOnce(&mut Self, &str, T) -> Result<Reply, Declined>,
    ) -> Reply {
        // What a change is by RFC 7396 may be called so.
        let changes = request.head.method == Method::PATCH && has_type(&request.head.headers, MERGE_PATCH);
        if !changes && !is_json(&request.head.headers) {
            return Reply::problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json");
        }
        match json::read(SliceRead::new(&request.body)) {
            Ok(wanted) => self.with_secret(request, |site, secret| act(site, secret, wanted)),
            Err(error) => {
                Reply::problem(StatusCode::BAD_REQUEST, &format!("the body cannot be read: {error}"))
            }
        }
    }

    fn declined(&self, declined: &Declined) -> Reply {
        let status = match declined {
            Declined::NoRoom | Declined::NoPeer | Declined::NoTrouble => StatusCode::NOT_FOUND,
            Declined::NotTheirs | Declined::Pass(_) => StatusCode::FORBIDDEN,
            Declined::Over(over) | Declined::Busy(over) => return self.over(&declined.to_string(), *over),
            Declined::Changed => StatusCode::PRECONDITION_FAILED,
            Declined::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Declined::Empty => StatusCode::CONFLICT,
        };
        Reply::problem(status, &declined.to_string())
    }
}

fn done() -> Reply {
    Reply::empty(StatusCode::NO_CONTENT)
}
