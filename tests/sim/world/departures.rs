//! What leaves the server: seen, judged, and put on its way.

use std::net::SocketAddr;

use plenary::conference::SocketId;
use plenary::conference::protocol::ServerMessage;
use plenary::media::Path;
use plenary::media::egress::Run;
use plenary::media::rtc::Transmit;

use super::egress::{At, Counts, Told};
use super::queue::Happening;
use super::{Person, Way, World, workers};

/// Sees what one turn of a worker sends.
pub type Tap = Box<dyn FnMut(&[(Run, Vec<u8>)])>;

impl World {
    /// The path between these addresses, by what the person there uses.
    pub(super) fn path(&self, remote: SocketAddr, local: SocketAddr) -> Path {
        let person = self.by_public.get(&remote);
        let over_tcp = person.is_some_and(|person| self.seats[*person].client.profile.over_tcp);
        if over_tcp { Path::tcp(remote, local) } else { Path::udp(remote, local) }
    }

    pub(super) fn transmit(&mut self, worker: usize, transmit: &Transmit) {
        let Transmit { path, contents } = transmit;
        assert_eq!(path.local, workers::address(worker), "a worker sends from the address it announced");
        self.transmitted += 1;
        let traffic = self.traffic.entry(path.remote).or_default();
        traffic.bytes_to += contents.len() as u64;
        traffic.media_to += u64::from(matches!(contents.first(), Some(128..192)));
        self.judge(path.remote, contents);
        let person = self.by_public.get(&path.remote).filter(|_| *path == self.path(path.remote, path.local));
        let Some(person) = person.copied() else {
            self.astray += 1;
            return;
        };
        if self.seats[person].client.profile.over_tcp {
            self.send_over_tcp(person, transmit);
            return;
        }
        let (remote, local, bytes) = (path.remote, path.local, contents.clone());
        let arrives = Happening::ToClient { person, remote, local, bytes };
        self.send_datagram(person, Way::Down, contents.len(), arrives);
    }

    /// What goes where nobody is any more was sent all the same.
    fn judge(&mut self, remote: SocketAddr, contents: &[u8]) {
        let Some(person) = self.addresses.get(&remote).copied() else { return };
        self.nonces.judge(person, contents);
        let now = At { told: self.server_now(), real: self.now };
        let seat = &self.seats[person];
        let who = |person: u16| self.directory.borrow().get(&person).copied();
        // Whoever has no socket cannot be told what slots show.
        let told = seat.socket.filter(|_| !seat.dead && !seat.client.receiver.deaf);
        // Lines may be other slots for the client before the server has read its offer.
        let offers = seat.client.connection.as_ref().is_some_and(|c| c.pending_offer().is_some());
        let told = told.filter(|_| !offers && seat.client.receiver.judges_not.is_none());
        self.egress.judge(person, &seat.client, now, contents, &Told { socket: told, who: &who });
    }

    /// The server says something to somebody.
    pub(super) fn tells(&mut self, person: Person, socket: SocketId, message: &str) {
        if message.starts_with("{\"type\":\"slots\"")
            && let Ok(ServerMessage::Slots { slots, .. }) = serde_json::from_str(message)
        {
            self.egress.told(person, socket, slots);
        }
    }

    /// What was judged of all that left for `person`.
    pub fn left_for(&self, person: Person) -> Counts {
        self.egress.counts(person)
    }

    /// Forgets what was wrong with what left, and tells how often that was.
    pub fn forgive(&mut self) -> usize {
        std::mem::take(&mut self.egress.violations).len()
    }
}
