//! One synthetic person: a client of `docs/protocol.md` on sockets of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mio::{Registry, Token};

use super::directory::Directory;
use super::error::LoadError;
use super::link::Link;
use super::media::Media;
use super::own::Own;
use super::past::{Arrival, Former};
use super::rng::Rng;
use super::session::{Session, Wish};
use super::signaling::Signaling;
use super::site::Site;
use super::socket::{Batch, Counted, Line};
use crate::conference::protocol::ErrorCode;
use crate::config::LoadConfig;
use crate::media::rtc::client::{Client, ClientError, ClientEvent, Outbox, Wanted};

/// Steps in a row after which somebody who is always due again waits for the next turn.
const MOST_STEPS: usize = 64;

/// What all people share.
pub(super) struct Shared {
    pub config: LoadConfig,
    pub site: Site,
    pub registry: Registry,
    /// When the run began: the zero of stamps.
    pub origin: Instant,
    pub directory: Directory,
    pub batch: Batch,
    pub out: Outbox,
    pub own: Own,
    /// Somebody wants it to end.
    pub stop: Arc<AtomicBool>,
}

impl Shared {
    /// Whether somebody wants it to end.
    pub(super) fn is_to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Microseconds of the run.
    pub(super) fn micros(&self, at: Instant) -> u64 {
        micros(self.origin, at)
    }
}

fn micros(origin: Instant, at: Instant) -> u64 {
    u64::try_from(at.saturating_duration_since(origin).as_micros()).unwrap_or(u64::MAX)
}

/// What went wrong for one person.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    /// The server said no.
    Refused(ErrorCode, String),
    /// The socket ended.
    Closed(String),
    /// The connection ended, or never was.
    Connection(ClientError),
}

/// One person.
pub(super) struct Person {
    pub number: usize,
    pub room: usize,
    pub publishes: bool,
    /// They came while it was measured.
    pub is_newcomer: bool,
    /// They left.
    pub is_away: bool,
    /// When they opened their socket.
    pub came: Instant,
    /// When they were let in.
    pub entered: Option<Instant>,
    pub media: Media,
    pub trouble: Option<Trouble>,
    /// Times the server dropped what was more than it asked for.
    pub too_much: u64,
    session: Session,
    signaling: Signaling,
    line: Line,
    address: SocketAddr,
    client: Client,
    link: Option<Link>,
}

impl Person {
    /// Somebody opens their socket, to enter a room.
    ///
    /// # Errors
    /// If this machine has no sockets left for them.
    pub(super) fn enter(
        shared: &Shared,
        number: usize,
        (room, room_id): (usize, &str),
        publishes: bool,
        now: Instant,
    ) -> Result<Person, LoadError> {
        let config = &shared.config;
        let signaling = Signaling::open(&shared.site, &shared.registry, Token(number * 2 + 1))?;
        let no_socket = |error| LoadError::System("a socket for media cannot be opened", error);
        let opened = Line::open(shared.site.address, &shared.registry, Token(number * 2));
        let (socket, address) = opened.map_err(no_socket)?;
        let rng = Rng::new(config.seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        let media = Media::new(config, publishes, rng.clone());
        let client = Client::new(address, now).map_err(LoadError::Address)?;
        let mut session =
            Session::new((room_id.to_owned(), config.pass.clone()), number, media.tracks(), config.view);
        session.opened();
        let link = config.link.map(|rule| Link::new(rule, now, rng));
        let (trouble, too_much) = (None, 0);
        Ok(Person {
            number,
            room,
            publishes,
            is_newcomer: false,
            is_away: false,
            came: now,
            entered: None,
            media,
            trouble,
            too_much,
            session,
            signaling,
            line: socket,
            address,
            client,
            link,
        })
    }

    /// What their socket counted.
    pub(super) fn counted(&self) -> Counted {
        self.line.counted
    }

    /// The server's address that they send media to; `None` before they send any.
    pub(super) fn server(&self) -> Option<SocketAddr> {
        self.line.server
    }

    /// Their port for media.
    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Reads what the server says and answers.
    pub(super) fn listen(&mut self, shared: &mut Shared, now: Instant) {
        let mut heard = Vec::new();
        loop {
            self.say();
            if let Err(why) = self.signaling.turn(&mut heard) {
                self.trouble.get_or_insert(Trouble::Closed(why));
                return;
            }
            if heard.is_empty() {
                return self.run(shared);
            }
            for message in heard.drain(..) {
                if let Some(wish) = self.session.hear(message) {
                    self.follow(wish, shared, now);
                }
                self.offer(shared);
            }
        }
    }

    fn follow(&mut self, wish: Wish, shared: &mut Shared, now: Instant) {
        match wish {
            Wish::Answer(sdp) => {
                let taken = self.client.answer(&sdp, now);
                note(taken, &mut self.trouble);
            }
            Wish::Send(layers) => {
                if shared.config.simulcast {
                    self.media.ask(&layers);
                }
            }
            Wish::Entered { anew } => {
                self.entered.get_or_insert(now);
                if anew {
                    self.renew(shared, now);
                }
            }
            Wish::Rebuild => self.renew(shared, now),
            Wish::LessMedia => self.too_much += 1,
            Wish::GiveUp(code, message) => {
                self.trouble.get_or_insert(Trouble::Refused(code, message));
            }
        }
    }

    /// Another connection takes the place of the one there is, and is to be offered.
    fn renew(&mut self, shared: &mut Shared, now: Instant) {
        match Client::new(self.address, now) {
            Ok(client) => {
                self.client = client;
                self.media.reconnected(now, &mut shared.directory);
            }
            Err(error) => note(Err(error), &mut self.trouble),
        }
    }

    /// The connection ended: offers another one.
    pub(super) fn rebuild(&mut self, shared: &mut Shared, now: Instant) {
        self.renew(shared, now);
        self.session.rebuild();
        self.offer(shared);
        self.say();
    }

    /// The socket ended: opens another one, and comes back on it.
    ///
    /// # Errors
    /// If this machine has no sockets left.
    pub(super) fn reopen(&mut self, shared: &Shared) -> Result<(), LoadError> {
        self.signaling = Signaling::open(&shared.site, &shared.registry, Token(self.number * 2 + 1))?;
        self.session.opened();
        self.say();
        Ok(())
    }

    /// What they received, before they are somebody else.
    pub(super) fn remember(&mut self, now: Instant) -> Option<Former> {
        let receiver = std::mem::take(&mut self.media.receiver);
        let any = !receiver.streams().is_empty();
        any.then_some(Former { number: self.number, came: self.came, left: now, receiver })
    }

    /// How they got on, if they came while it was measured. To be asked before [`Person::remember`].
    pub(super) fn arrival(&self) -> Option<Arrival> {
        let (entered, connected) = (self.entered, self.media.connected());
        let seen = self.media.receiver.first_seen();
        self.is_newcomer.then_some(Arrival { came: self.came, entered, connected, seen })
    }

    /// Hands over what is to be said.
    fn say(&mut self) {
        while let Some(message) = self.session.next_message() {
            self.signaling.say(&message);
        }
    }

    /// Offers what is wanted and not there.
    fn offer(&mut self, shared: &Shared) {
        let Some(video) = self.session.wants_offer() else { return };
        let wanted = Wanted {
            tracks: self.session.tracks(),
            simulcast: shared.config.simulcast,
            audio: self.session.audio_slots(),
            video,
        };
        if let Some(sdp) = self.client.offer(&wanted) {
            let (tracks, slots) = self.client.lines();
            self.session.offer(sdp, video, tracks, slots);
        }
    }

    /// Reads one batch of datagrams. True if there may be more.
    pub(super) fn receive(&mut self, shared: &mut Shared) -> bool {
        let Person { line, client, media, link, trouble, .. } = self;
        let (origin, out) = (shared.origin, &mut shared.out);
        let mut arrival = None;
        let more = line.receive(&mut shared.batch, |from, datagram| {
            let now = *arrival.get_or_insert_with(Instant::now);
            if let Some(link) = link {
                return link.put(now, from, datagram);
            }
            let mut each = |event: ClientEvent<'_>| media.take(event, now, micros(origin, now));
            note(client.receive(now, (from, datagram), out, &mut each), trouble);
        });
        if let Some(now) = arrival {
            self.settle(shared, now);
        }
        more
    }

    /// Does what is due: takes what the line has brought, sends what is to be sent, lets the connection's time pass.
    pub(super) fn run(&mut self, shared: &mut Shared) {
        let now = Instant::now();
        let at = shared.micros(now);
        while let Some((from, datagram)) = self.link.as_mut().and_then(|link| link.take(now)) {
            let media = &mut self.media;
            let mut each = |event: ClientEvent<'_>| media.take(event, now, at);
            let taken = self.client.receive(now, (from, &datagram), &mut shared.out, &mut each);
            note(taken, &mut self.trouble);
        }
        self.media.start((self.number, self.room), now, &mut shared.directory);
        while let Some((due, packet)) = self.media.due(now, at, &mut shared.directory) {
            shared.own.sends(now.saturating_duration_since(due));
            self.client.write(now, packet);
        }
        self.settle(shared, now);
    }

    /// Steps the connection for as long as something is due, and sends what comes of it.
    fn settle(&mut self, shared: &mut Shared, now: Instant) {
        for slot in self.media.stuck() {
            self.client.ask_key_frame(now, slot);
        }
        let at = shared.micros(now);
        for _ in 0..MOST_STEPS {
            if self.client.deadline().is_none_or(|deadline| deadline > now) {
                break;
            }
            let media = &mut self.media;
            let mut each = |event: ClientEvent<'_>| media.take(event, now, at);
            if let Err(error) = self.client.step(now, &mut shared.out, &mut each) {
                note(Err(error), &mut self.trouble);
                break;
            }
        }
        if !shared.out.is_empty() {
            self.line.send(&mut shared.out);
        }
    }

    /// When to [`run`](Person::run) next.
    pub(super) fn wakes(&self) -> Option<Instant> {
        let link = self.link.as_ref().and_then(Link::wakes);
        link.into_iter().chain(self.media.wakes()).chain(self.client.deadline()).min()
    }

    /// Leaves.
    pub(super) fn leave(&mut self, shared: &mut Shared, now: Instant) {
        self.is_away = true;
        self.media.end(now, &mut shared.directory);
        self.session.leave();
        self.say();
        // They go anyway.
        let _ = self.signaling.turn(&mut Vec::new());
    }
}

/// The first trouble is the one that counts: others follow from it.
fn note(taken: Result<(), ClientError>, trouble: &mut Option<Trouble>) {
    if let Err(error) = taken {
        trouble.get_or_insert(Trouble::Connection(error));
    }
}
