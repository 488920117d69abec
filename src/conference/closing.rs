//! The end of rooms and of meetings, at its time. Whoever is inside is told some minutes before.
//!
//! A time of the clock on the wall is waited for by the other clock, a while at most, and then looked at again: somebody may have set
//! it, or the machine may have slept.

use std::time::Duration;

use super::protocol::{Closes, ServerMessage};
use super::refusal::Refusal;
use super::state::RoomEvent;
use super::timers::Timer;
use super::{Conference, Now, StateKey};
use crate::media::ids::{PeerId, RoomId};

/// How long before the end people are told of it.
const TOLD_BEFORE: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(300)];

/// How long a time of the clock on the wall is waited for until that is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

impl Conference {
    /// Looks again when a room is to end, and whether it is over now: it was made, opened, left or changed, or time has passed.
    pub(super) fn review_closing(&mut self, now: Now, id: &str) {
        if let Some(room) = self.room_ids.get(id).copied() {
            return self.review_closing_of(now, room);
        }
        let timer = Timer::Closing(id.into());
        self.timers.clear(&timer);
        let Some(ends) = self.store.get(id).and_then(|record| record.keeping.ends) else { return };
        if ends <= now.wall {
            self.end_empty(now, id, &Refusal::RoomOver);
        } else if let Some(at) = now.instant.checked_add(ends.saturating_since(now.wall).min(LOOK_AGAIN)) {
            self.timers.set(timer, at);
        }
    }

    /// The same of a room somebody is in: they are told in time.
    pub(super) fn review_closing_of(&mut self, now: Now, room: RoomId) {
        let Some(open) = self.rooms.get(&room) else { return };
        let timer = Timer::Closing(open.id().into());
        self.timers.clear(&timer);
        let left = open.meeting.left(now, &open.state.record().keeping);
        match left {
            Some((Duration::ZERO, Closes::Room)) => return self.end_room(now, room, &Refusal::RoomOver),
            Some((Duration::ZERO, Closes::Meeting)) => {
                return self.dismiss_all(now, room, &Refusal::MeetingOver);
            }
            _ => {}
        }
        let soon = left.and_then(|(left, _)| TOLD_BEFORE.into_iter().find(|before| left <= *before));
        if soon != open.meeting.told {
            let what = left.map_or(Closes::Room, |(_, what)| what);
            self.tell_closing(now, room, (what, soon.and(left).map(|(left, _)| left)), soon);
        }
        let Some((left, _)) = left else { return };
        let news = TOLD_BEFORE.into_iter().rev().find(|before| left > *before).unwrap_or(Duration::ZERO);
        if let Some(at) = now.instant.checked_add(left.saturating_sub(news).min(LOOK_AGAIN)) {
            self.timers.set(timer, at);
        }
    }

    /// Forgets the addresses of those who were banned from a room once they count no more, and looks again when others do.
    pub(super) fn review_addresses(&mut self, now: Now, id: &str) {
        let timer = Timer::Addresses(id.into());
        self.timers.clear(&timer);
        let open = self.room_ids.get(id).copied();
        let known = |conference: &Self| match open.and_then(|room| conference.rooms.get(&room)) {
            Some(open) => open.state.record().bans.forgets_at(),
            None => conference.store.get(id)?.bans.forgets_at(),
        };
        if known(self).is_some_and(|at| at <= now.wall) {
            if let Some(room) = open {
                self.change(now, room, &RoomEvent::AddressesForgotten { at: now.wall });
            } else if let Some(mut record) = self.store.get(id) {
                record.bans.forget_addresses(now.wall);
                self.keep_record(record);
            }
        }
        let next = known(self).map(|at| at.saturating_since(now.wall).min(LOOK_AGAIN));
        if let Some(at) = next.and_then(|after| now.instant.checked_add(after)) {
            self.timers.set(timer, at);
        }
    }

    fn tell_closing(
        &mut self,
        now: Now,
        room: RoomId,
        (what, left): (Closes, Option<Duration>),
        told: Option<Duration>,
    ) {
        let Some(open) = self.rooms.get_mut(&room) else { return };
        open.meeting.told = told;
        let people = open.state.people().to_vec();
        for peer in people {
            self.say_closing(now, peer, what, left);
        }
    }

    /// Tells somebody who comes in, if it ends soon.
    pub(super) fn send_closing(&mut self, now: Now, id: PeerId) {
        let Some(open) = self.peers.get(&id).and_then(|peer| self.rooms.get(&peer.room)) else { return };
        let left = open.meeting.left(now, &open.state.record().keeping);
        match left.filter(|_| open.meeting.told.is_some()) {
            Some((left, what)) => self.say_closing(now, id, what, Some(left)),
            None => self.say_server_ends(now.instant, id),
        }
    }

    fn say_closing(&mut self, now: Now, id: PeerId, what: Closes, left: Option<Duration>) {
        if self.ends_before(now.instant, left) {
            return self.say_server_ends(now.instant, id);
        }
        let seconds = left.map(|left| u64::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX));
        if let Some(socket) = self.socket_of(id) {
            self.send(socket, &ServerMessage::Closing { what, seconds }, Some(StateKey::Closing));
        }
    }

    /// Ends a room for good that nobody is in.
    pub(super) fn end_empty(&mut self, now: Now, id: &str, why: &Refusal) {
        self.lobby_ends(now, id, why);
        self.forget_room(now, id);
        self.bury(now, id);
        self.counters.rooms_ended += 1;
    }
}
