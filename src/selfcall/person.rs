//! One of the two who call: a client of `docs/protocol.md` whose media travels on one line only.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Registry, Token};
use rustls::ClientConfig;

use super::candidate;
use super::judge::{Failure, Step};
use super::line::{Datagrams, Frames, Line};
use super::plan::{RelayPlace, Way};
use super::relay::Relay;
use crate::conference::protocol::{ErrorCode, IceServer, ServerMessage};
use crate::load::session::{Session, Wish};
use crate::load::signaling::Signaling;
use crate::load::site::Site;
use crate::media::Protocol;
use crate::media::ids::{Kind, Layer, Stream, Track};
use crate::media::rtc::client::{Client, ClientError, ClientEvent, Outbox, Outgoing, Wanted};

const MICROPHONE: Track = Track { stream: Stream::Camera, kind: Kind::Audio };

/// A packet of sound: 20 ms, in ticks of Opus's clock.
const SOUND: Duration = Duration::from_millis(20);
const TICKS: u32 = 960;

/// What Opus begins with (RFC 6716, section 3.1): one frame of 20 ms in one channel, full band.
const OPUS: u8 = 0x78;

/// How loud it is, in dB below full scale.
const LEVEL: u8 = 30;

/// The close code of a server that ends.
const ENDS: &str = "closed with 1012";

/// Steps of a connection in a row at most.
const MOST_STEPS: usize = 64;

/// What both know of the call.
pub(super) struct Call<'a> {
    pub site: &'a Site,
    pub room: &'a str,
    pub way: Way,
    /// The announced address.
    pub public: IpAddr,
    /// Where its candidate is led: there, or to the address behind it.
    pub to: IpAddr,
    pub relay: Option<(&'a RelayPlace, std::net::SocketAddr)>,
    pub tls: &'a Arc<ClientConfig>,
    /// What tells sound of this call from that of others.
    pub mark: u64,
    /// The zero of times in sound.
    pub began: Instant,
}

/// One of the two.
pub(super) struct Person {
    number: usize,
    session: Session,
    signaling: Signaling,
    line: Option<Box<dyn Line>>,
    client: Option<Client>,
    entered: bool,
    answered: bool,
    reached: bool,
    next_sound: Option<Instant>,
    sounds: u32,
    /// When the other was heard first, and how long that sound was on its way.
    pub(super) heard: Option<(Instant, Duration)>,
}

impl Person {
    pub(super) fn enter(call: &Call<'_>, number: usize, registry: &Registry) -> Result<Person, Failure> {
        let opened = Signaling::open(call.site, registry, Token(number * 2 + 1));
        let signaling = opened.map_err(|error| Failure::new(Step::Signaling, error.to_string()))?;
        let line: Option<Box<dyn Line>> = match call.way {
            Way::Udp => Some(Box::new(Datagrams::open(call.to, registry, Token(number * 2))?)),
            Way::Tcp => Some(Box::new(Frames::open(call.to, Token(number * 2))?)),
            // What the TURN server wants to see is told with `welcome`.
            Way::TurnUdp | Way::TurnTcp | Way::TurnTls => None,
        };
        let mut session = Session::new((call.room.to_owned(), None), number, vec![MICROPHONE], None);
        session.opened();
        Ok(Person {
            number,
            session,
            signaling,
            line,
            client: None,
            entered: false,
            answered: false,
            reached: false,
            next_sound: None,
            sounds: 0,
            heard: None,
        })
    }

    /// What is missing.
    pub(super) fn stands_at(&self) -> Step {
        let has_address = self.line.as_ref().is_some_and(|line| line.address().is_some());
        match self {
            _ if !self.entered => Step::Signaling,
            Person { line: Some(line), .. } if !has_address && line.is_answered() => Step::Allocation,
            _ if !has_address => Step::Relay,
            _ if !self.answered => Step::Signaling,
            _ if !self.reached => Step::Path,
            _ if self.next_sound.is_none() => Step::Handshake,
            _ => Step::Media,
        }
    }

    /// Does what can be done without waiting. Says something to the other if it `talks`.
    pub(super) fn turn(&mut self, call: &Call<'_>, registry: &Registry, talks: bool) -> Result<(), Failure> {
        let now = Instant::now();
        let mut came = Vec::new();
        let turned = self.line.as_mut().map_or(Ok(()), |line| line.turn(now, &mut came));
        self.connect(now)?;
        self.listen(call, registry)?;
        let mut out = Outbox::default();
        for datagram in came {
            self.step(call, now, Some(&datagram), &mut out)?;
        }
        if talks {
            self.talk(call, now);
        }
        for _ in 0..MOST_STEPS {
            let due = self.client.as_ref().and_then(Client::deadline).is_some_and(|due| due <= now);
            if !due {
                break;
            }
            self.step(call, now, None, &mut out)?;
        }
        self.send(now, &out);
        turned
    }

    /// When to [`turn`](Person::turn) again although nothing comes.
    pub(super) fn wakes(&self, talks: bool) -> Option<Instant> {
        let client = self.client.as_ref().and_then(Client::deadline);
        let line = self.line.as_ref().and_then(|line| line.wakes());
        client.into_iter().chain(line).chain(self.next_sound.filter(|_| talks)).min()
    }

    /// Goes, so that nobody waits for them to come back.
    pub(super) fn leave(&mut self) {
        self.session.leave();
        self.say();
        // They go anyway.
        let _ = self.signaling.turn(&mut Vec::new());
    }

    fn say(&mut self) {
        while let Some(message) = self.session.next_message() {
            self.signaling.say(&message);
        }
    }

    fn listen(&mut self, call: &Call<'_>, registry: &Registry) -> Result<(), Failure> {
        let mut heard = Vec::new();
        loop {
            self.say();
            self.signaling.turn(&mut heard).map_err(|why| {
                Failure::new(if why.starts_with(ENDS) { Step::Declined } else { Step::Signaling }, why)
            })?;
            if heard.is_empty() {
                return Ok(());
            }
            for message in heard.drain(..) {
                if let ServerMessage::Welcome { ice_servers, .. } = &message {
                    self.entered = true;
                    self.open_relay(call, ice_servers, registry)?;
                }
                match self.session.hear(message) {
                    Some(Wish::Answer(sdp)) => self.take_answer(call, &sdp, registry)?,
                    Some(Wish::GiveUp(code, why)) => return Err(Failure::new(refused(code), why)),
                    Some(Wish::Rebuild) => {
                        return Err(Failure::new(Step::Handshake, "the server gave the connection up"));
                    }
                    _ => {}
                }
            }
            self.offer();
        }
    }

    fn open_relay(
        &mut self,
        call: &Call<'_>,
        told: &[IceServer],
        registry: &Registry,
    ) -> Result<(), Failure> {
        let Some((place, server)) = call.relay.filter(|_| self.line.is_none()) else { return Ok(()) };
        let Some(told) = told.iter().find(|server| server.credential.is_some()) else {
            return Err(Failure::new(Step::Allocation, "the server gives no credentials"));
        };
        let around = (registry, Token(self.number * 2), Instant::now());
        let relay = Relay::open((call.way, place, server), told, (call.public.is_ipv6(), call.tls), around)?;
        self.line = Some(Box::new(relay));
        Ok(())
    }

    /// There is a connection as soon as there is an address for it.
    fn connect(&mut self, now: Instant) -> Result<(), Failure> {
        if self.client.is_none()
            && let Some((line, address)) = self.line.as_ref().and_then(|line| Some((line, line.address()?)))
        {
            let client = Client::over(line.protocol(), address, now);
            self.client = Some(client.map_err(|error| Failure::new(Step::Path, error.to_string()))?);
        }
        self.offer();
        Ok(())
    }

    fn offer(&mut self) {
        let Some((client, video)) = self.client.as_mut().zip(self.session.wants_offer()) else { return };
        let wanted =
            Wanted { tracks: &[MICROPHONE], simulcast: false, audio: self.session.audio_slots(), video };
        if let Some(sdp) = client.offer(&wanted) {
            let (tracks, slots) = client.lines();
            self.session.offer(sdp, video, tracks, slots);
        }
    }

    fn take_answer(&mut self, call: &Call<'_>, sdp: &str, registry: &Registry) -> Result<(), Failure> {
        let (Some(client), Some(line)) = (&mut self.client, &mut self.line) else { return Ok(()) };
        let Some((sdp, target)) = candidate::only(sdp, line.protocol(), call.public, call.to) else {
            let protocol: Protocol = line.protocol();
            let why = format!("the answer has no candidate at {} over {protocol}", call.public);
            return Err(Failure::new(Step::Signaling, why));
        };
        if !self.answered {
            line.aim(target, registry)?;
        }
        self.answered = true;
        client.answer(&sdp, Instant::now()).map_err(|error| Failure::new(Step::Signaling, error.to_string()))
    }

    fn step(
        &mut self,
        call: &Call<'_>,
        now: Instant,
        datagram: Option<&[u8]>,
        out: &mut Outbox,
    ) -> Result<(), Failure> {
        let from = self.line.as_ref().and_then(|line| line.target());
        let Some(client) = &mut self.client else { return Ok(()) };
        let (reached, next_sound, heard) = (&mut self.reached, &mut self.next_sound, &mut self.heard);
        let number = self.number;
        let mut each = |event: ClientEvent<'_>| match event {
            ClientEvent::Reached => *reached = true,
            ClientEvent::Connected => *next_sound = Some(now),
            ClientEvent::Packet(packet) if packet.kind == Kind::Audio => {
                if let Some(sent) = read(packet.payload, call.mark, number) {
                    heard.get_or_insert((now, now.saturating_duration_since(call.began + sent)));
                }
            }
            _ => {}
        };
        let done = match (datagram, from) {
            (Some(datagram), Some(from)) => client.receive(now, (from, datagram), out, &mut each),
            _ => client.step(now, out, &mut each),
        };
        let stands_at = self.stands_at();
        done.map_err(|error: ClientError| Failure::new(stands_at, error.to_string()))
    }

    fn talk(&mut self, call: &Call<'_>, now: Instant) {
        let (Some(client), Some(next)) = (&mut self.client, &mut self.next_sound) else { return };
        if *next > now {
            return;
        }
        *next = now + SOUND;
        self.sounds += 1;
        client.write(
            now,
            Outgoing {
                track: MICROPHONE,
                layer: Layer::High,
                seq: self.sounds.into(),
                time: self.sounds.wrapping_mul(TICKS),
                marker: false,
                level: Some(LEVEL),
                payload: sound(call.mark, self.number, now.saturating_duration_since(call.began)),
            },
        );
    }

    fn send(&mut self, now: Instant, out: &Outbox) {
        let Some(line) = &mut self.line else { return };
        let (mut bytes, each) = out.datagrams();
        for (to, length) in each {
            let Some((datagram, rest)) = bytes.split_at_checked(*length) else { return };
            if line.target() == Some(*to) {
                line.send(now, datagram);
            }
            bytes = rest;
        }
    }
}

/// A refusal that says nothing about the way.
fn refused(code: ErrorCode) -> Step {
    match code {
        ErrorCode::RateLimited | ErrorCode::Busy | ErrorCode::RoomFull => Step::Declined,
        _ => Step::Signaling,
    }
}

/// Sound that says of which call it is, whose, and when it was sent.
fn sound(mark: u64, number: usize, sent: Duration) -> Vec<u8> {
    let mut payload = vec![OPUS];
    payload.extend_from_slice(&mark.to_be_bytes());
    payload.push(u8::try_from(number).unwrap_or(u8::MAX));
    payload.extend_from_slice(&u64::try_from(sent.as_micros()).unwrap_or(u64::MAX).to_be_bytes());
    payload.resize(80, 0);
    payload
}

/// When sound of this call was sent, if it is of somebody else than `number`.
fn read(payload: &[u8], mark: u64, number: usize) -> Option<Duration> {
    let (mine, rest) = payload.get(1..)?.split_first_chunk()?;
    let (whose, rest) = rest.split_first()?;
    let (sent, _) = rest.split_first_chunk()?;
    let is_it = u64::from_be_bytes(*mine) == mark && usize::from(*whose) != number;
    is_it.then(|| Duration::from_micros(u64::from_be_bytes(*sent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_of_the_other_in_this_call_counts() {
        let sent = Duration::from_micros(4_321);
        assert_eq!(read(&sound(7, 0, sent), 7, 1), Some(sent));
        assert_eq!(read(&sound(7, 0, sent), 7, 0), None, "our own");
        assert_eq!(read(&sound(7, 0, sent), 8, 1), None, "of an earlier call");
        assert_eq!(read(&[OPUS, 1, 2], 7, 1), None);
    }
}
