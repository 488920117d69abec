//! What is behind the connections: the routes, and everything an answer is made of.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::de::SliceRead;

use super::answers::Answers;
use super::assets::Assets;
use super::counters::ControlCounters;
use super::door::{Door, Refusals};
use super::http::{Awaited, Reply, Request, bearer, percent_decode};
use super::ids::ConnectionId;
use super::proxy::TrustedProxies;
use super::repeats::{self, Known, Repeats};
use crate::conference::{Conference, CreateRoom, CreateRoomError, Now, RoomPage, TraceRefused};
use crate::json;
use crate::ledger::{ClientAddress, Over};
use crate::limits::{Limits, Tally};
use crate::refusals::RefusalLog;
use crate::store::Keeper;

/// Listed rooms on one page, if the query does not say.
const ROOMS: usize = 50;

/// Listed rooms on one page at most: 20 kB of them.
const MOST_ROOMS: usize = 100;

/// For people who followed a broken link.
const NOT_FOUND_PAGE: &str = include_str!("../../client/404.html");

/// How long one connection works before the others have their turn: what takes longer is one thing in one piece.
const SLICE: Duration = Duration::from_millis(2);

/// One connection's time within a turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice(Instant);

impl Slice {
    /// Begins now.
    pub fn begin() -> Slice {
        Slice(Instant::now())
    }

    /// Whether it is the others' turn.
    pub fn is_over(self) -> bool {
        self.0.elapsed() >= SLICE
    }
}

/// What a connection may use while it is served.
pub(super) struct Site<'a> {
    /// The time of this turn of the loop.
    pub now: Now,
    /// The people.
    pub conference: &'a mut Conference,
    /// The client's files.
    pub assets: &'a Assets,
    /// The limits in force.
    pub limits: &'a Limits,
    /// How often each was hit.
    pub tally: &'a mut Tally,
    /// What clients were told.
    pub counters: &'a mut ControlCounters,
    /// Who was refused what.
    pub refusal_log: &'a mut RefusalLog,
    /// Whose word on the client's address is believed.
    pub proxies: &'a TrustedProxies,
    /// Which hosts are the server's.
    pub door: &'a Door,
    /// Whose refused pages the log has.
    pub refusals: &'a mut Refusals,
    /// The time that this connection has before the others have theirs.
    pub slice: Slice,
    /// The server is ending: no new sockets, no further requests on a connection.
    pub stopping: bool,
    /// Where rooms are kept, if they are.
    pub keeper: Option<&'a mut Keeper>,
    /// Connections whose answers wait until something is kept.
    pub await_store: &'a mut BTreeSet<ConnectionId>,
    /// Answers of workers that connections wait for.
    pub answers: &'a mut Answers,
    /// Answers that are given again to who asks again.
    pub repeats: &'a mut Repeats,
    /// The one that is served.
    pub connection: ConnectionId,
    /// Whom tests ask for counters, and for damage.
    #[cfg_attr(not(feature = "faults"), expect(dead_code, reason = "in a release nobody asks"))]
    pub workers: &'a mut dyn super::Workers,
}

impl Site<'_> {
    /// A client did not get what it wanted.
    pub fn refused(&mut self, client: ClientAddress, what: &'static str) {
        if let Some(line) = self.refusal_log.note(self.now.instant, client, what) {
            log::info!("{line}");
        }
    }

    pub(super) fn readiness(&self) -> Reply {
        if self.stopping || self.conference.is_draining() {
            Reply::problem(StatusCode::SERVICE_UNAVAILABLE, "the server is ending")
        } else {
            text("ready\n")
        }
    }

    /// The page of a room, at its one address: whoever comes by another form of that, with capitals, escapes or what a chat
    /// program added, is sent there. Nothing is kept of it, because another room may have the name tomorrow.
    pub(super) fn room_page(&self, request: &Request, (folder, text): (&str, &str)) -> Option<Reply> {
        let id = self.conference.id_of_link(&unescaped(text))?;
        let address = format!("{folder}{id}");
        let path = request.head.target.split('?').next().unwrap_or_default();
        if path == address {
            return self.assets.reply(&address, &request.head.headers);
        }
        let address = HeaderValue::try_from(address).ok()?;
        let no_store = HeaderValue::from_static("no-store");
        Some(
            Reply::empty(StatusCode::TEMPORARY_REDIRECT)
                .with(LOCATION, address)
                .with(CACHE_CONTROL, no_store),
        )
    }

    /// What became of a subscription, for whoever made the room.
    pub(super) fn trace(
        &mut self,
        request: &Request,
        client: ClientAddress,
        (room, peer): (&str, &str),
    ) -> Reply {
        let Some(secret) = bearer(&request.head.headers) else {
            let bearer = HeaderValue::from_static("Bearer");
            let why = "send the room's secret: Authorization: Bearer SECRET";
            return Reply::problem(StatusCode::UNAUTHORIZED, why).with(WWW_AUTHENTICATE, bearer);
        };
        let meant = self.conference.id_meant(&unescaped(room)).unwrap_or_default();
        match self.conference.trace(self.now, client, (&meant, peer), secret) {
            Ok(trace) => Reply::json(StatusCode::OK, &trace),
            Err(TraceRefused::NotTheirs) => {
                Reply::problem(StatusCode::FORBIDDEN, "this is not the secret of a room where somebody is")
            }
            Err(TraceRefused::NoPeer) => {
                Reply::problem(StatusCode::NOT_FOUND, "nobody in the room has this id")
            }
            Err(TraceRefused::Busy(over)) => {
                self.over("too much was asked about this room, or with this token, just now", over)
            }
            Err(TraceRefused::Over(over)) => self.over("too many wrong secrets came from your address", over),
        }
    }

    /// 503 if there is no more for anybody, 429 if there is for others.
    pub fn over(&self, why: &str, over: Over) -> Reply {
        let status = match over {
            Over::Whole(_) => StatusCode::SERVICE_UNAVAILABLE,
            Over::Address(_) | Over::Rate(..) => StatusCode::TOO_MANY_REQUESTS,
        };
        let after = HeaderValue::from(over.retry_after(self.now.instant));
        Reply::problem(status, why).with(RETRY_AFTER, after)
    }

    /// The listed rooms, a page at a time: `?after=ID&limit=N`.
    pub(super) fn listed(&self, request: &Request) -> Reply {
        match page(&request.head.target) {
            Some((after, most)) => {
                let makes = self.conference.makes_rooms(self.now, bearer(&request.head.headers));
                let page = self.conference.listed_rooms(after.as_deref(), most);
                Reply::json(StatusCode::OK, &RoomPage { makes, ..page })
            }
            None => Reply::problem(StatusCode::BAD_REQUEST, "the query is after=ID, limit=1 to 100, or both"),
        }
    }

    /// The number under which all that changed so far is kept, if it is.
    pub(super) fn keep(&mut self) -> Option<u64> {
        let keeper = self.keeper.as_mut()?;
        while let Some(change) = self.conference.poll_change() {
            keeper.keep(change);
        }
        Some(keeper.last())
    }

    /// `POST /api/rooms`: makes a room, or says again which one was made.
    pub(super) fn create_room(&mut self, request: &Request, client: ClientAddress) -> Reply {
        let key = match repeats::key_of(&request.head.headers) {
            Ok(Some(key)) => key,
            Ok(None) => return self.make_room(request, client),
            Err(why) => return Reply::problem(StatusCode::BAD_REQUEST, &why),
        };
        let print = repeats::print(request);
        match self.repeats.find(self.now.instant, client, &key, &print) {
            Known::Answered(reply) => reply,
            Known::Otherwise => Reply::problem(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Idempotency-Key: something else was asked for under this key",
            ),
            Known::Nothing => {
                let reply = self.make_room(request, client);
                // Where nothing was made it may be tried again.
                if reply.status == StatusCode::CREATED {
                    let counts = (self.limits, &mut *self.tally);
                    self.repeats.remember(self.now.instant, (client, key), (print, &reply), counts);
                }
                reply
            }
        }
    }

    fn make_room(&mut self, request: &Request, client: ClientAddress) -> Reply {
        // A form on a stranger's page can send anything but this type without asking first.
        if !is_json(&request.head.headers) {
            return Reply::problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json");
        }
        let mut wanted: CreateRoom = match json::read(SliceRead::new(&request.body)) {
            Ok(wanted) => wanted,
            Err(error) => {
                return Reply::problem(StatusCode::BAD_REQUEST, &format!("the body cannot be read: {error}"));
            }
        };
        wanted.pass = bearer(&request.head.headers).map(str::to_owned);
        match self.conference.create_room(self.now, client, wanted) {
            Ok(created) => {
                let mut reply = Reply::json(StatusCode::CREATED, &created);
                if created.kept {
                    reply.kept =
                        self.keep().map(|number| Awaited { number, made: Some(created.room.id.clone()) });
                }
                match HeaderValue::try_from(format!("/api/rooms/{}", created.room.id)) {
                    Ok(location) => reply.with(LOCATION, location),
                    Err(_) => reply,
                }
            }
            Err(error) => self.not_made(&error),
        }
    }

    /// Why there is no room.
    fn not_made(&self, error: &CreateRoomError) -> Reply {
        let why = error.to_string();
        // RFC 6750, 3.1.
        let refused = |status, challenge| {
            Reply::problem(status, &why).with(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
        };
        match error {
            CreateRoomError::InvisibleName | CreateRoomError::LongName | CreateRoomError::Unfit(_) => {
                Reply::problem(StatusCode::BAD_REQUEST, &why)
            }
            CreateRoomError::Exists { id } => Reply::problem_about(StatusCode::CONFLICT, &why, Some(id)),
            CreateRoomError::NoPass => refused(StatusCode::UNAUTHORIZED, "Bearer"),
            CreateRoomError::BadPass(_) => {
                refused(StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\"")
            }
            CreateRoomError::NotGranted => {
                refused(StatusCode::FORBIDDEN, "Bearer error=\"insufficient_scope\"")
            }
            CreateRoomError::Over(over) => self.over(&why, *over),
        }
    }
}

/// Of which room and person `ID/peers/PEER/trace` is.
pub(super) fn trace_of(text: &str) -> Option<(&str, &str)> {
    let (room, rest) = text.split_once("/peers/")?;
    let peer = rest.strip_suffix("/trace")?;
    (!peer.contains('/')).then_some((room, peer))
}

/// What a path says of a room, if it is a room's: `/r/` and a text, or `/e/` for the page that is shown in frames, perhaps typed in
/// capitals or with slashes after it. The folder is as it should be.
pub(super) fn link(path: &str) -> Option<(&'static str, &str)> {
    let folder = |folder: &'static str, capital| {
        Some((folder, path.strip_prefix(folder).or_else(|| path.strip_prefix(capital))?))
    };
    let (folder, text) = folder("/r/", "/R/").or_else(|| folder("/e/", "/E/"))?;
    let text = text.trim_end_matches('/');
    (!text.is_empty() && !text.contains('/')).then_some((folder, text))
}

/// What a query asks for: after which id, and how many. `None` if it asks for anything else, or for something twice.
fn page(target: &str) -> Option<(Option<String>, usize)> {
    let (mut after, mut most) = (None, None);
    let query = target.split_once('?').map_or("", |(_, query)| query);
    // Escapes that are broken are not guessed at.
    percent_decode(query)?;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "after" if after.is_none() && !value.is_empty() => after = Some(value.into_owned()),
            "limit" if most.is_none() => {
                let number = value.parse().ok().filter(|number| (1..=MOST_ROOMS).contains(number));
                most = Some(number?);
            }
            _ => return None,
        }
    }
    Some((after, most.unwrap_or(ROOMS)))
}

/// The answer to a request that may only read.
pub(super) fn only_reading(request: &Request, find: impl FnOnce() -> Option<Reply>) -> Reply {
    match find() {
        None if wants_page(&request.head.headers) => {
            Reply::new(StatusCode::NOT_FOUND, "text/html; charset=utf-8", NOT_FOUND_PAGE.as_bytes())
        }
        None => Reply::problem(StatusCode::NOT_FOUND, "there is nothing at this address"),
        Some(reply) if matches!(request.head.method, Method::GET | Method::HEAD) => reply,
        Some(_) => not_allowed("GET, HEAD"),
    }
}

/// Whether a person asked: browsers name HTML first when they open a page, and programs do not name it.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default();
    first.trim().eq_ignore_ascii_case("text/html")
}

pub(super) fn not_allowed(allowed: &'static str) -> Reply {
    Reply::problem(StatusCode::METHOD_NOT_ALLOWED, "this address does not take this method")
        .with(ALLOW, HeaderValue::from_static(allowed))
}

pub(super) fn text(body: &'static str) -> Reply {
    Reply::new(StatusCode::OK, "text/plain; charset=utf-8", body.as_bytes())
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// The text in an address. Some programs escape twice.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    percent_decode(text).map_or_else(|| text.into(), Cow::from)
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    has_type(headers, "application/json")
}

/// Whether a body is of this type.
pub(super) fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
}
