//! One person's browser: signaling as the page does it, and a peer connection.
//!
//! Fed with datagrams, messages and time like everything here; polled for datagrams and messages.

pub mod connection;
mod files;
pub mod forger;
pub mod keyring;
mod lines;
mod patience;
pub mod reshape;
mod tracks;
pub mod waits;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use plenary::conference::protocol::{
    ClientMessage, ErrorCode, PROTOCOL, PeerInfo, Presence, PublishTrack, ServerMessage, SlotLimits,
};
use plenary::media::codec::Codec;
use plenary::media::ids::{Kind, Layer, OfferId, PeerId, Stream, Track};
use plenary::media::message::Tile;

use crate::receiver::{Receiver, Watch};
use crate::rng::Rng;
use crate::sender::{Maker, Says};
use connection::{Connection, Datagram, Profile};

use reshape::Reshape;

use waits::Waits;

/// Which person a number in a payload is: known to the world, not to the people.
pub type Directory = Rc<RefCell<BTreeMap<u16, PeerId>>>;

/// What is wrong with an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    /// It is no session description.
    NoSession,
    /// It has no certificate fingerprint, without which a first offer cannot be taken.
    NoFingerprint,
    /// It has fewer lines than the one before, which no offer may (RFC 8829 section 5.2.2).
    LinesMissing,
}

/// One person's browser.
pub struct Client {
    pub number: u16,
    pub name: String,
    room: String,
    origin: Instant,
    rng: Rng,
    directory: Directory,
    pub profile: Profile,
    pub address: SocketAddr,

    pub peer: Option<PeerId>,
    token: Option<String>,
    pub people: Vec<PeerInfo>,
    people_version: u64,
    slots_version: u64,
    publish_version: u64,
    asked: Vec<PublishTrack>,
    slot_limits: Option<SlotLimits>,
    /// Names in the order of the announcements.
    pub joined: Vec<String>,
    pub left: Vec<String>,
    /// Who had the floor, one after the other; nobody is told of as `None`.
    pub speakers: Vec<Option<u16>>,
    /// Who was shown as anything but here, and as what, in the order of the lists.
    pub absent: Vec<(String, Presence)>,
    /// How often the others saw this client as a new person.
    pub welcomes: u32,
    pub errors: Vec<(ErrorCode, String)>,
    mutes: Vec<(Track, bool)>,
    /// The screen was shared on this page.
    shares: bool,
    /// Codecs the server asked for, in the order of asking.
    pub asked_codecs: Vec<Codec>,
    view: Vec<Tile>,
    outgoing: VecDeque<String>,

    pub connection: Option<Connection>,
    next_offer: u32,
    life: u16,
    pub receiver: Receiver,
    /// How long `ping` waited for `pong`, of somebody who asks.
    pub waits: Waits,
    /// A person whose page lies: it says that the camera is off and goes on sending.
    pub lies: bool,
    /// Does what `publish` asks for.
    pub obeys: bool,
    /// Spoils the next offer, so that the server cannot take it.
    pub spoil_next_offer: Option<Spoil>,
}

impl Client {
    pub fn new(
        number: u16,
        room: &str,
        profile: Profile,
        address: SocketAddr,
        origin: Instant,
        rng: Rng,
        directory: Directory,
    ) -> Client {
        Client {
            number,
            name: format!("Person {number}"),
            room: room.to_owned(),
            origin,
            rng,
            directory,
            profile,
            address,
            peer: None,
            token: None,
            people: Vec::new(),
            people_version: 0,
            slots_version: 0,
            publish_version: 0,
            asked: Vec::new(),
            slot_limits: None,
            joined: Vec::new(),
            left: Vec::new(),
            speakers: Vec::new(),
            absent: Vec::new(),
            welcomes: 0,
            errors: Vec::new(),
            mutes: Vec::new(),
            shares: false,
            asked_codecs: Vec::new(),
            view: Vec::new(),
            outgoing: VecDeque::new(),
            connection: None,
            next_offer: 1,
            life: 0,
            receiver: Receiver::new(origin),
            waits: Waits::default(),
            lies: false,
            obeys: true,
            spoil_next_offer: None,
        }
    }

    fn say(&mut self, message: &ClientMessage) {
        self.outgoing.push_back(serde_json::to_string(message).expect("a message can be written"));
    }

    pub fn next_message(&mut self) -> Option<String> {
        self.outgoing.pop_front()
    }

    /// The socket is open.
    pub fn opened(&mut self) {
        self.outgoing.clear();
        let (room, name, token) = (self.room.clone(), self.name.clone(), self.token.clone());
        let protocol = Some(PROTOCOL);
        self.say(&ClientMessage::Join {
            room,
            name,
            token,
            secret: None,
            pass: None,
            protocol,
            chat: None,
            hide_address: None,
            browser: None,
            knock: None,
            room_name: None,
        });
    }

    /// The server said something.
    pub fn hear(&mut self, now: Instant, text: &str) {
        let message: ServerMessage = serde_json::from_str(text).expect("the server speaks the protocol");
        match message {
            ServerMessage::Welcome { peer, token, media, slots, .. } => {
                self.people_version = 0;
                self.slots_version = 0;
                self.publish_version = 0;
                self.peer = Some(peer);
                self.directory.borrow_mut().insert(self.number, peer);
                self.token = Some(token);
                self.slot_limits = Some(slots);
                self.welcomes += 1;
                self.welcomed(now, media);
            }
            ServerMessage::Peers { version, peers } => {
                assert!(version > self.people_version, "the list of people goes back");
                self.people_version = version;
                let absent = peers.iter().filter(|peer| peer.state != Presence::Here);
                self.absent.extend(absent.map(|peer| (peer.name.clone(), peer.state)));
                self.people = peers;
                self.grow_if_needed();
            }
            ServerMessage::PeerJoined { name, .. } => self.joined.push(name),
            ServerMessage::PeerLeft { name, .. } => self.left.push(name),
            ServerMessage::Answer { id, sdp } => {
                if let Some(connection) = &mut self.connection {
                    connection.answer(now, id, &sdp);
                }
                self.obey();
                self.grow_if_needed();
                self.share_if_wanted(now);
            }
            ServerMessage::Slots { version, slots } => {
                assert!(version > self.slots_version, "slots go back");
                self.slots_version = version;
                let directory = self.directory.borrow();
                let who = |person: u16| directory.get(&person).copied();
                let lines = self.connection.iter_mut().flat_map(|c| &mut c.lines).map(|(_, line)| line);
                self.receiver.slots(now, now - self.origin, slots, lines, who);
            }
            ServerMessage::Error { code, message, rebuild, offer, .. } => {
                self.errors.push((code, message));
                if rebuild && !self.has_moved_on(code, offer) {
                    self.rebuild(now);
                }
            }
            ServerMessage::Publish { version, tracks } => {
                assert!(version >= self.publish_version, "what is asked of us goes back");
                self.publish_version = version;
                self.publish(&tracks);
            }
            ServerMessage::Speaker { peer } => {
                let directory = self.directory.borrow();
                let who = peer.and_then(|peer| directory.iter().find(|(_, known)| **known == peer));
                self.speakers.push(who.map(|(person, _)| *person));
            }
            ServerMessage::Pong => self.waits.answered(now),
            ServerMessage::File { from, frame } => self.told_of_file(from, frame),
            // What people say and which way it goes is none of this client's business.
            _ => {}
        }
    }

    fn welcomed(&mut self, now: Instant, media: bool) {
        if !self.profile.media {
            return;
        }
        let usable = media && self.connection.as_ref().is_some_and(|connection| connection.answered);
        if !usable {
            self.rebuild(now);
        } else if self.connection.as_ref().and_then(Connection::pending_offer).is_some() {
            let grown = self.video_slots();
            self.offer_again(grown);
        }
        for (Track { stream, kind }, muted) in self.mutes.clone() {
            self.say(&ClientMessage::Mute { stream, kind, muted });
        }
        if !self.view.is_empty() {
            self.say(&ClientMessage::View { tiles: self.view.clone() });
        }
    }

    /// Whether an error is about what the page has replaced already, so that it pays no attention to it.
    fn has_moved_on(&self, code: ErrorCode, offer: Option<OfferId>) -> bool {
        let unanswered = self.connection.as_ref().is_some_and(|connection| !connection.answered);
        let newest = self.connection.as_ref().and_then(Connection::pending_offer);
        (code == ErrorCode::MediaLost && unanswered)
            || (code == ErrorCode::OfferRefused && offer.is_some() && offer != newest)
    }

    /// Builds a new connection and offers it.
    pub fn rebuild(&mut self, now: Instant) {
        self.life += 1;
        let mut connection = Connection::new(now, self.address, &self.profile);
        let id = self.take_offer_id();
        let maker = self.maker(Stream::Camera);
        let sdp = connection.first_offer(now, id, maker, &self.profile, &mut self.rng);
        let (mutes, lies) = (self.mutes.clone(), self.lies);
        for (track, muted) in mutes.into_iter().filter(|_| !lies) {
            connection.switch(track, !muted);
        }
        self.connection = Some(connection);
        self.send_offer(id, true, sdp);
    }

    fn maker(&self, stream: Stream) -> Maker {
        Maker { person: self.number, stream, life: self.life, origin: self.origin }
    }

    /// Shares the screen: with a new offer the first time, then by unmuting it.
    pub fn share(&mut self, now: Instant) {
        self.shares = true;
        for kind in [Kind::Audio, Kind::Video] {
            self.mute_track(Track { stream: Stream::Screen, kind }, false);
        }
        self.share_if_wanted(now);
    }

    /// Stops sharing. The lines stay for the next time.
    pub fn stop_sharing(&mut self) {
        for kind in [Kind::Audio, Kind::Video] {
            self.mute_track(Track { stream: Stream::Screen, kind }, true);
        }
    }

    /// The screen's lines follow when there is a connection to add them to.
    fn share_if_wanted(&mut self, now: Instant) {
        let wants = |c: &mut Connection| {
            c.answered && c.pending_offer().is_none() && c.camera(Stream::Screen).is_none()
        };
        // What was stopped is not offered on a new connection: its mute would end there.
        let shares = self.shares && !self.is_muted(Stream::Screen, Kind::Video);
        if !shares || !self.connection.as_mut().is_some_and(wants) {
            return;
        }
        let (id, maker) = (self.take_offer_id(), self.maker(Stream::Screen));
        let Some(connection) = &mut self.connection else { return };
        let sdp = connection.share(now, id, maker, self.profile.simulcast, &mut self.rng);
        for (track, muted) in &self.mutes {
            connection.switch(*track, !muted);
        }
        self.send_offer(id, false, sdp);
    }

    /// Does what the server asks of the own tracks, as a page does it with `setParameters`.
    fn publish(&mut self, tracks: &[PublishTrack]) {
        self.asked = tracks.to_vec();
        let Some(connection) = &mut self.connection else { return };
        for track in tracks.iter().filter(|track| track.kind == Kind::Video) {
            let codec: Codec = track.codec.parse().expect("a codec with a name");
            if track.stream == Stream::Camera && self.asked_codecs.last() != Some(&codec) {
                self.asked_codecs.push(codec);
            }
            assert!(self.profile.codecs.contains(&codec), "{} cannot encode {codec}", self.name);
            let layers = track.layers.iter();
            let layer = |rid: Option<&str>| rid.and_then(Layer::of_rid).unwrap_or(Layer::High);
            let layers: Vec<(Layer, u64)> =
                layers.map(|asked| (layer(asked.rid.as_deref()), u64::from(asked.max_bitrate))).collect();
            if let Some(camera) = connection.camera(track.stream).filter(|_| self.obeys) {
                camera.encode_with(codec);
                camera.send_layers(&layers);
                connection.desire();
            }
        }
    }

    /// Does now what the server asked for.
    pub fn obey(&mut self) {
        let asked = std::mem::take(&mut self.asked);
        self.publish(&asked);
    }

    /// How many offers there have been.
    pub fn offers(&self) -> u32 {
        self.next_offer
    }

    fn take_offer_id(&mut self) -> OfferId {
        let id = OfferId(self.next_offer);
        self.next_offer += 1;
        id
    }

    fn send_offer(&mut self, id: OfferId, fresh: bool, mut sdp: String) {
        let Some((tracks, mut slots)) = self.connection.as_ref().map(Connection::lines_of_offer) else {
            return;
        };
        match self.spoil_next_offer.take() {
            Some(Spoil::NoSession) => sdp = "a line of nothing".into(),
            Some(Spoil::NoFingerprint) => sdp = sdp.replace("a=fingerprint:", "a=x-fingerprint:"),
            Some(Spoil::LinesMissing) => {
                let end = sdp.rfind("m=").unwrap_or(sdp.len());
                sdp.truncate(end);
                slots.pop();
            }
            None => {}
        }
        self.say(&ClientMessage::Offer { id, fresh, sdp, tracks, slots });
    }

    fn video_slots(&self) -> u8 {
        let lines = self.connection.iter().flat_map(|connection| &connection.lines);
        lines.filter(|(_, line)| line.kind() == Kind::Video).count() as u8
    }

    fn offer_again(&mut self, video: u8) {
        let id = self.take_offer_id();
        if let Some(sdp) = self.connection.as_mut().and_then(|connection| connection.grow(id, video)) {
            self.send_offer(id, false, sdp);
        }
    }

    /// More people than slots: asks for the next step of slots.
    fn grow_if_needed(&mut self) {
        let ready = self.connection.as_ref().is_some_and(|c| c.answered && c.pending_offer().is_none());
        let (true, true, Some(limits)) = (ready, self.profile.grows, &self.slot_limits) else { return };
        let others = self.people.iter().filter(|person| Some(person.id) != self.peer);
        let pictures =
            others.flat_map(|person| &person.streams).filter(|stream| stream.video.is_some()).count();
        let steps = &limits.video_steps;
        let wanted = steps.iter().find(|step| usize::from(**step) >= pictures).or(steps.last()).copied();
        if let Some(wanted) = wanted.filter(|wanted| *wanted > self.video_slots()) {
            self.offer_again(wanted);
        }
    }

    /// Turns the camera or the microphone off or on.
    pub fn mute(&mut self, kind: Kind, muted: bool) {
        self.mute_track(Track { stream: Stream::Camera, kind }, muted);
    }

    /// What the others are told of a track.
    pub fn is_muted(&self, stream: Stream, kind: Kind) -> bool {
        self.mutes.iter().any(|(track, muted)| *track == Track { stream, kind } && *muted)
    }

    fn mute_track(&mut self, track: Track, muted: bool) {
        self.mutes.retain(|(known, _)| *known != track);
        self.mutes.push((track, muted));
        if !self.lies
            && let Some(connection) = &mut self.connection
        {
            connection.switch(track, !muted);
        }
        let Track { stream, kind } = track;
        self.say(&ClientMessage::Mute { stream, kind, muted });
    }

    /// Begins or ceases to speak.
    pub fn speak(&mut self, now: Instant, says: Says) {
        if let Some(microphone) = self.connection.as_mut().and_then(|c| c.microphone(Stream::Camera)) {
            microphone.say(now, says);
        }
    }

    /// Shows these people, most important first.
    pub fn look_at(&mut self, people: &[PeerId]) {
        let tile = |peer: &PeerId| Tile { peer: *peer, stream: Stream::Camera, height: 360, pinned: false };
        self.show(people.iter().map(tile).collect());
    }

    /// Leaves on purpose, or goes away to come back in a moment.
    pub fn leave(&mut self, may_return: bool) {
        self.say(&ClientMessage::Leave { may_return });
        self.connection = None;
    }

    /// Restarts ICE, from `address` on.
    pub fn restart_ice(&mut self, address: SocketAddr) {
        let id = self.take_offer_id();
        self.address = address;
        let Some(connection) = &mut self.connection else { return };
        let sdp = connection.restart_ice(id, address);
        self.send_offer(id, false, sdp);
    }

    /// Offers the own receiving lines in another way.
    pub fn reshape(&mut self, change: Reshape) {
        let id = self.take_offer_id();
        let Some(connection) = &mut self.connection else { return };
        let sdp = connection.reshape(id, change);
        self.send_offer(id, false, sdp);
    }

    /// A new page with the same token.
    pub fn reload(&mut self) {
        self.connection = None;
        self.receiver.table = plenary::media::message::SlotTable::default();
        self.people.clear();
    }

    /// Forgets frames of which it is not known whose they are.
    pub fn forget_unnamed(&mut self) {
        let lines = self.connection.iter_mut().flat_map(|connection| &mut connection.lines);
        lines.for_each(|(_, line)| line.forget_unnamed());
    }

    /// How many connections there have been.
    pub fn life(&self) -> u16 {
        self.life
    }

    pub fn wakes(&self) -> Option<Instant> {
        self.connection.as_ref().map(Connection::wakes).into_iter().chain(self.waits.due()).min()
    }

    pub fn run(&mut self, now: Instant) {
        if self.waits.asks(now) {
            self.say(&ClientMessage::Ping);
        }
        if self.connection.as_ref().is_some_and(|connection| !connection.alive) {
            self.rebuild(now);
        }
        let directory = self.directory.borrow();
        if let Some(connection) = &mut self.connection {
            connection.run(now, &mut self.receiver, &|person| directory.get(&person).copied());
        }
    }

    pub fn receive(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        let directory = self.directory.borrow();
        if let Some(connection) = &mut self.connection {
            let who = |person: u16| directory.get(&person).copied();
            connection.receive(now, from, bytes, &mut self.receiver, &who);
        }
    }

    pub fn datagrams(&mut self) -> Vec<Datagram> {
        self.connection.as_mut().map(|connection| connection.datagrams().collect()).unwrap_or_default()
    }

    /// What is seen of somebody, if anything was within the last half second.
    pub fn sees(&self, now: Instant, person: u16) -> Option<&Watch> {
        self.receiver.seen.get(&person).filter(|watch| now < watch.last + Duration::from_millis(500))
    }

    /// What is heard of somebody, if anything was within the last second.
    pub fn hears(&self, now: Instant, person: u16) -> Option<&Watch> {
        self.receiver.heard.get(&person).filter(|watch| now < watch.last + Duration::from_secs(1))
    }

    /// How the list of people shows somebody.
    pub fn presence(&self, name: &str) -> Option<Presence> {
        self.people.iter().find(|person| person.name == name).map(|person| person.state)
    }
}
