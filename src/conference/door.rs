//! A room's door: who comes in, as what, and who waits.

use std::time::Duration;

use super::bans::{Bar, Known};
use super::grants::{Grants, Role};
use super::keys::ENDING_CHARS;
use super::parse::Join;
use super::pass::Auth;
use super::payers::Payer;
use super::protocol::{Access, Keeping};
use super::refusal::Refusal;
use super::room::CreateRoomError;
use super::store::RoomRecord;
use super::token::Token;
use super::{Conference, Now, ids, names};
use crate::ledger::{ClientAddress, Metered};
use crate::limits::Limit;
use crate::media::ids::RoomId;
use crate::passes::Pass;

/// The name of a room that is made again and whose id has none.
const NAMELESS: &str = "Room";

/// Names that somebody before a room is told at most.
pub const NAMES_AT_DOOR: usize = 6;

/// What an id leads to.
enum Found {
    /// A room somebody is in.
    Open(RoomId),
    /// One that waits for somebody.
    Empty(RoomRecord),
    /// One that has to be made again.
    Ended(RoomRecord),
}

/// Somebody who comes in, or waits to.
#[derive(Debug)]
pub(super) struct Guest {
    /// How they are known.
    pub(super) known: Known,
    /// What they are in the room.
    pub(super) role: Role,
    /// What they may do at most.
    pub(super) within: Grants,
    /// What they are to be called, cleaned.
    pub(super) name: String,
    /// That is not theirs to say.
    pub(super) named: bool,
}

/// What comes of it that somebody wants to enter a room.
pub(super) enum Entry {
    /// They may. The token was given for the room.
    Inside { room: RoomId, guest: Guest, token: Option<Token> },
    /// They have to wait until they are let in.
    Waits { record: RoomRecord, guest: Guest, banned: bool },
}

/// A room's door, for somebody who does not own it.
enum Door {
    /// They come in.
    Open,
    /// They wait.
    Lobby { banned: bool },
}

/// Whether somebody comes in. Who was inside when the server was restarted is not new, and who moderates lets themselves in: they are
/// `expected`. Who was put out may still ask (`knock`).
fn door(now: Now, record: &RoomRecord, known: Known, expected: bool, knock: bool) -> Result<Door, Refusal> {
    let Keeping { access, locked, starts, .. } = record.keeping;
    let opens_in = starts.map_or(Duration::ZERO, |starts| starts.saturating_since(now.wall));
    match record.bans.bar(known, now.wall) {
        Some(_) if knock => Ok(Door::Lobby { banned: true }),
        Some(Bar::Banned) => Err(Refusal::Banned),
        Some(Bar::Removed) => Err(Refusal::Removed),
        None if expected => Ok(Door::Open),
        None if opens_in > Duration::ZERO => {
            Err(Refusal::TooEarly { minutes: opens_in.as_secs().div_ceil(60).max(1) })
        }
        None if locked => Err(Refusal::Locked),
        None if access == Access::Lobby => Ok(Door::Lobby { banned: false }),
        None => Ok(Door::Open),
    }
}

/// As what somebody comes in. Who comes back after a restart is what they were, as far as that is known, and what their pass says if it
/// is still good. Whoever made the room needs no pass, so that one takes nothing from them.
fn standing(
    record: &RoomRecord,
    pass: Option<&Pass>,
    is_owner: bool,
    was_inside: Option<Token>,
) -> (Role, Grants) {
    let kept = was_inside.and_then(|token| record.roles.get(&token.peer)).copied();
    match (pass, was_inside) {
        _ if is_owner => (Role::Owner, Grants::ALL),
        (Some(Pass { rights, .. }), _) => (kept.unwrap_or(Role::of(rights)), Grants::within(rights)),
        (None, Some(token)) => (kept.unwrap_or_default(), token.within),
        (None, None) => (Role::default(), Grants::ALL),
    }
}

impl Conference {
    /// Who is inside, the first who came first, for somebody at `client` who has the link and could go in and see them. Of a room
    /// with a door that is kept nobody learns who is in it, nor of one that is listed: there everybody could look on for hours.
    #[must_use]
    pub fn names_at_door(&self, now: Now, client: ClientAddress, id: &str) -> Vec<String> {
        let room = self.room_ids.get(id).and_then(|room| self.rooms.get(room));
        let Some(state) = room.map(|room| &room.state) else { return Vec::new() };
        let record = state.record();
        let comes_in = matches!(door(now, record, Known::by(None, client), false, false), Ok(Door::Open));
        let by_pass = self.config.rules.join == Auth::Token || record.keeping.access != Access::Open;
        if !comes_in || record.listed || by_pass {
            return Vec::new();
        }
        state.list().into_iter().take(NAMES_AT_DOOR).map(|peer| peer.name).collect()
    }

    /// Finds the room somebody wants to enter, making it again if they may, and sees to it that it is open. `token` was
    /// given for a room of this id; the `secret` of `join` is to show that they made it, and its `pass` what they may. They
    /// typed the `name`.
    pub(super) fn enter(
        &mut self,
        now: Now,
        (known, name): (Known, Result<String, Refusal>),
        id: &str,
        token: Option<Token>,
        join: &Join,
    ) -> Result<Entry, Refusal> {
        let address = known.address;
        if id.chars().count() > self.config.limits.get(Limit::RoomNameChars) + ENDING_CHARS {
            self.tally.hit(Limit::RoomNameChars);
            return Err(self.no_such_room(now, address, id));
        }
        let shown = self.shown_pass(now, id, join);
        let found = match (self.room_ids.get(id), self.store.get(id)) {
            (Some(room), _) => Found::Open(*room),
            (None, Some(record)) => Found::Empty(record),
            (None, None) => {
                let may = self.may_make_again(id, join, &shown);
                match self.made_again(now, id, token, join.room_name.as_deref(), may) {
                    Some(record) => Found::Ended(record),
                    None => return Err(self.no_such_room(now, address, id)),
                }
            }
        };
        let record = match &found {
            Found::Open(room) => self.rooms.get(room).map(|room| room.state.record()),
            Found::Empty(record) | Found::Ended(record) => Some(record),
        };
        let Some(record) = record.cloned() else { return Err(Refusal::UnknownRoom) };
        if record.keeping.ends.is_some_and(|ends| ends <= now.wall) {
            self.review_closing(now, id);
            return Err(Refusal::RoomOver);
        }
        let is_owner = match &join.secret {
            None => false,
            Some(secret) if self.is_secret_of(&record, secret) => true,
            Some(_) => return Err(self.wrong_secret(now, address)),
        };
        // Nothing that was given to somebody who was put out brings them back.
        let token = token.filter(|token| !record.bans.removed(token.peer));
        let was_inside = token.filter(|token| self.tokens.brings_back(now, token));
        let needs_pass = self.config.rules.join == Auth::Token || record.keeping.access == Access::Token;
        let by_pass = needs_pass && !self.is_own_room(&record.id);
        let pass = self.needed_pass(now, address, shown, (is_owner || was_inside.is_some(), by_pass))?;
        let (role, within) = standing(&record, pass.as_ref(), is_owner, was_inside);
        let expected = was_inside.is_some() || role.rank() > 0;
        let known = known.with_pass(pass.as_ref());
        let named = pass.and_then(|pass| pass.name);
        let guest = Guest { known, role, within, named: named.is_some(), name: named.map_or(name, Ok)? };
        let door = if is_owner { Door::Open } else { door(now, &record, guest.known, expected, join.knock)? };
        // Whoever asks in vain does not use up the rate of those behind the same address who know where they want to go.
        self.spend(now, address, Metered::Joins).map_err(|over| Refusal::over(now, over))?;
        let identity = guest.known.identity.map(Payer::Comer);
        for payer in identity.into_iter().chain([Payer::Entered(record.id.as_str().into())]) {
            self.pay(now, &payer).map_err(|over| Refusal::over(now, over))?;
        }
        if let Door::Lobby { banned } = door {
            return Ok(Entry::Waits { record, guest, banned });
        }
        let room = match found {
            Found::Open(room) => room,
            Found::Empty(record) => self.open(now, record),
            Found::Ended(record) => match self.keep(now, address, record.clone()) {
                Err(CreateRoomError::Over(over)) => return Err(Refusal::over(now, over)),
                // Whoever else made it meanwhile, it is there.
                _ => self.open(now, record),
            },
        };
        Ok(Entry::Inside { room, guest, token })
    }

    /// A room of which only its id is known: that was drawn here, if whoever asks for it `may` make it, or somebody was inside.
    /// Who was inside knows what it was `called`.
    pub(super) fn made_again(
        &self,
        now: Now,
        id: &str,
        token: Option<Token>,
        called: Option<&str>,
        may: bool,
    ) -> Option<RoomRecord> {
        let token = token.filter(|token| !token.is_expired(now));
        if self.store.is_buried(id) || !(may || token.is_some()) {
            return None;
        }
        let drawn = self.keys.drawn_id(id);
        let created_at = token.map_or(now.wall, |token| token.room_created_at);
        let name = match drawn {
            Some("") => NAMELESS,
            Some(name) => name,
            None => token.is_some().then_some(id)?,
        };
        let name = called.and_then(|called| self.spelled(id, called)).unwrap_or_else(|| name.to_owned());
        Some(RoomRecord { id: id.to_owned(), name, created_at, ..RoomRecord::new(now, drawn.is_none()) })
    }

    /// A name as somebody says that the room with this id was called, if the id was made of it: its spelling is all that a link
    /// loses, and nobody can call a room otherwise.
    fn spelled(&self, id: &str, called: &str) -> Option<String> {
        let most = self.config.limits.get(Limit::RoomNameChars);
        let name = names::clean(called, most).ok()?;
        let made = match self.keys.drawn_id(id) {
            Some(said) => ids::slug(&name, most) == said,
            None => ids::of_listed(&name, most).iter().any(|own| own == id),
        };
        made.then_some(name)
    }

    /// What somebody hears who asked for a room that there is not, or not any more.
    pub(super) fn no_such_room(&mut self, now: Now, address: ClientAddress, id: &str) -> Refusal {
        match self.asked_in_vain(now, address) {
            Ok(()) if self.has_ended(id) => Refusal::Ended,
            Ok(()) => Refusal::UnknownRoom,
            Err(over) => Refusal::over(now, over),
        }
    }

    /// What somebody hears who shows a secret that is not the room's: it may be a guess, like one for a link.
    fn wrong_secret(&mut self, now: Now, address: ClientAddress) -> Refusal {
        match self.asked_in_vain(now, address) {
            Ok(()) => Refusal::WrongSecret,
            Err(over) => Refusal::over(now, over),
        }
    }
}
