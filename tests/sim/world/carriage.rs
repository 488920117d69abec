//! How things get from one end of a link to the other: datagrams, and signaling in a stream beside them, in one queue.

use std::time::Instant;

use super::over_tcp::MediaPiece;
use super::queue::Happening;
use super::{Person, World};
use crate::link::bottleneck::Meter;
use crate::link::stream::{AROUND, PIECE, SENT_AGAIN};
use crate::link::{Conditions, Direction, Entered};

/// A direction of somebody's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

/// Something on its way.
#[derive(Debug, Clone)]
pub struct Parcel {
    person: Person,
    way: Way,
    bytes: usize,
    load: Load,
}

#[derive(Debug, Clone)]
enum Load {
    /// Comes or does not.
    Datagram(Happening),
    /// A piece of the stream, the last one with what the message does.
    Piece { number: u64, message: Option<Happening> },
    /// A piece of the TCP connection that carries media.
    Media(MediaPiece),
}

impl World {
    fn direction(&mut self, person: Person, way: Way) -> &mut Direction<Parcel> {
        let seat = &mut self.seats[person];
        match way {
            Way::Up => &mut seat.up,
            Way::Down => &mut seat.down,
        }
    }

    /// A datagram enters the link of `person`.
    pub(super) fn send_datagram(&mut self, person: Person, way: Way, bytes: usize, arrives: Happening) {
        let direction = self.direction(person, way);
        if direction.cut {
            direction.hits.cut += 1;
            return;
        }
        self.enter(Parcel { person, way, bytes, load: Load::Datagram(arrives) });
    }

    /// A message of `bytes` enters the link of `person`. Whoever lets no UDP through (`cut`) lets it through.
    pub(super) fn send_message(&mut self, person: Person, way: Way, bytes: usize, arrives: Happening) {
        let plain = self.direction(person, way).conditions().is_plain();
        let pieces = if plain { 1 } else { bytes.div_ceil(PIECE).max(1) };
        let mut message = Some(arrives);
        for piece in 1..=pieces {
            let last = piece == pieces;
            let bytes = if last { bytes - (pieces - 1) * PIECE } else { PIECE };
            let number = self.stream(person, way).number();
            let load = Load::Piece { number, message: message.take_if(|_| last) };
            self.enter(Parcel { person, way, bytes: bytes + AROUND, load });
        }
    }

    /// A piece of media over TCP enters the link to `person`.
    pub(super) fn send_media_piece(&mut self, person: Person, piece: MediaPiece) {
        let bytes = piece.bytes.len() + AROUND;
        self.enter(Parcel { person, way: Way::Down, bytes, load: Load::Media(piece) });
    }

    pub(super) fn enter(&mut self, parcel: Parcel) {
        let (now, person, way, bytes) = (self.now, parcel.person, parcel.way, parcel.bytes);
        match self.direction(person, way).enter(now, bytes, parcel) {
            Entered::Passes(parcel) => self.pass(now, parcel),
            Entered::Waits => self.arm(person, way),
            Entered::Dropped(parcel) => self.send_again(now, parcel),
        }
    }

    /// A parcel is on the wire since `at`.
    fn pass(&mut self, at: Instant, parcel: Parcel) {
        let Parcel { person, way, .. } = parcel;
        let direction = self.direction(person, way);
        let arrivals = direction.carry(at);
        if arrivals == [None, None] {
            self.send_again(at, parcel);
            return;
        }
        for arrives in arrivals.into_iter().flatten() {
            let happening = match parcel.load.clone() {
                Load::Datagram(happening) => happening,
                Load::Piece { number, message } => {
                    Happening::PieceComes { person, way, number, message: message.map(Box::new) }
                }
                Load::Media(piece) => Happening::MediaPieceComes { person, piece },
            };
            self.at(arrives, happening);
        }
    }

    /// What a stream lost is sent again; a datagram is gone.
    fn send_again(&mut self, lost: Instant, parcel: Parcel) {
        let round_trip = self.direction(parcel.person, parcel.way).conditions().delay * 2;
        if let Load::Media(piece) = &parcel.load {
            self.media_piece_lost(parcel.person, piece.connection, round_trip);
        }
        if !matches!(parcel.load, Load::Datagram(_)) {
            self.at(lost + SENT_AGAIN + round_trip, Happening::PieceAgain(Box::new(parcel)));
        }
    }

    /// A piece of somebody's stream came: whatever can be read now happens.
    pub(super) fn piece_comes(&mut self, person: Person, way: Way, number: u64, message: Option<Happening>) {
        for message in self.stream(person, way).arrived(number, message) {
            self.happen(message);
        }
    }

    /// Puts what has left a bottleneck on the wires it is for.
    pub(super) fn serve(&mut self, person: Person, way: Way) {
        let now = self.now;
        let Some(bottleneck) = self.direction(person, way).bottleneck().cloned() else { return };
        let gone = {
            let mut bottleneck = bottleneck.borrow_mut();
            bottleneck.armed = bottleneck.armed.filter(|armed| *armed > now);
            bottleneck.gone(now)
        };
        for (at, parcel) in gone {
            self.pass(at, parcel);
        }
        self.arm(person, way);
    }

    /// Looks again when the next parcel leaves.
    fn arm(&mut self, person: Person, way: Way) {
        let Some(bottleneck) = self.direction(person, way).bottleneck() else { return };
        let mut bottleneck = bottleneck.borrow_mut();
        let Some(next) = bottleneck.next() else { return };
        if bottleneck.armed.is_none_or(|armed| next < armed) {
            bottleneck.armed = Some(next);
            drop(bottleneck);
            self.at(next, Happening::Leaves { person, way });
        }
    }

    /// The link of `person` has other conditions from now on, also for what waits there.
    pub fn set_link(&mut self, person: Person, way: Way, conditions: Conditions) {
        let now = self.now;
        self.direction(person, way).set(now, conditions);
        self.serve(person, way);
    }

    /// `person`, whose link has no bottleneck of its own, is behind the same one as `other`.
    pub fn share_link(&mut self, person: Person, other: Person) {
        let [person, other] = self.seats.get_disjoint_mut([person, other]).expect("two people");
        person.up.share(&other.up);
        person.down.share(&other.down);
    }

    /// What passed the bottleneck of `person`, and whoever shares it, since [`World::start_watching`].
    pub fn meter(&self, person: Person, way: Way) -> Meter {
        let seat = &self.seats[person];
        let direction = if way == Way::Up { &seat.up } else { &seat.down };
        let bottleneck = direction.bottleneck().expect("a link with a rate");
        bottleneck.borrow().meter.clone()
    }

    /// What the bottleneck of `person` leaves to us now, in bits a second.
    pub fn holds(&self, person: Person, way: Way) -> u64 {
        let seat = &self.seats[person];
        let direction = if way == Way::Up { &seat.up } else { &seat.down };
        direction.bottleneck().map_or(u64::MAX, |bottleneck| bottleneck.borrow().holds(self.now))
    }
}
