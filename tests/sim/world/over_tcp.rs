//! Media over TCP: what goes to a client goes through the server's queue for the connection and what a kernel makes of it.
//! What comes from one is datagrams on a link that loses none.

use std::net::SocketAddr;
use std::time::Duration;

use plenary::limits::Limit;
use plenary::media::rtc::Transmit;

use super::queue::Happening;
use super::{Person, World};
use crate::link::stream::Stream;
use crate::link::tcp::{Cutter, Sender};

/// A piece of what one connection carries.
#[derive(Debug, Clone)]
pub struct MediaPiece {
    /// Which of the person's connections it is.
    pub connection: u64,
    number: u64,
    pub bytes: Vec<u8>,
}

/// The connection of one person, both ends.
#[derive(Debug, Default)]
pub struct MediaOverTcp {
    connection: u64,
    /// The client's address and the server's.
    ends: Option<(SocketAddr, SocketAddr)>,
    pub sender: Sender,
    stream: Stream<Vec<u8>>,
    cutter: Cutter,
}

impl MediaOverTcp {
    /// The connection ended, and another one begins.
    pub fn begin_anew(&mut self) {
        *self = MediaOverTcp { connection: self.connection + 1, ..MediaOverTcp::default() };
    }
}

impl World {
    /// A datagram for `person` goes into the connection.
    pub(super) fn send_over_tcp(&mut self, person: Person, transmit: &Transmit) {
        let most = self.limits.get(Limit::TcpWriteBytes);
        let seat = &mut self.seats[person];
        if seat.down.cut {
            seat.down.hits.cut += 1;
            return;
        }
        let ends = Some((transmit.path.remote, transmit.path.local));
        if seat.tcp.ends != ends {
            // Another worker is another connection.
            seat.tcp.begin_anew();
            seat.tcp.ends = ends;
        }
        seat.tcp.sender.send(self.now, transmit.contents.clone(), most);
        self.pump(person);
    }

    /// What may be under way goes on its way.
    fn pump(&mut self, person: Person) {
        loop {
            let tcp = &mut self.seats[person].tcp;
            let Some(bytes) = tcp.sender.next_piece(self.now) else { return };
            let (connection, number) = (tcp.connection, tcp.stream.number());
            self.send_media_piece(person, MediaPiece { connection, number, bytes });
        }
    }

    pub(super) fn media_piece_lost(&mut self, person: Person, connection: u64, round_trip: Duration) {
        let tcp = &mut self.seats[person].tcp;
        if tcp.connection == connection {
            tcp.sender.lost(self.now, round_trip);
        }
    }

    pub(super) fn media_piece_comes(&mut self, person: Person, piece: MediaPiece) {
        let MediaPiece { connection, number, bytes } = piece;
        let seat = &mut self.seats[person];
        let Some((remote, local)) = seat.tcp.ends.filter(|_| seat.tcp.connection == connection) else {
            return;
        };
        let back = seat.up.conditions().delay;
        let read: Vec<u8> = seat.tcp.stream.arrived(number, Some(bytes)).concat();
        for bytes in seat.tcp.cutter.cut(&read) {
            self.happen(Happening::ToClient { person, remote, local, bytes });
        }
        self.at(self.now + back, Happening::MediaPieceKnown { person, connection });
    }

    pub(super) fn media_piece_known(&mut self, person: Person, connection: u64) {
        let seat = &mut self.seats[person];
        if seat.tcp.connection == connection {
            seat.tcp.sender.acknowledged();
            self.pump(person);
        }
    }
}
