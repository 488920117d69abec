//! What somebody may who shows an access token (`docs/tokens.md`), and what happens to those who show none.

use super::parse::Join;
use super::payers::Payer;
use super::protocol::RoomInfo;
use super::refusal::Refusal;
use super::room::CreateRoomError;
use super::{Conference, Now, names};
use crate::ledger::ClientAddress;
use crate::limits::Limit;
use crate::passes::{Pass, PassError, PassKeys, Passes, Print};

/// Who may do something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Auth {
    /// Whoever has the link, or comes by.
    #[default]
    Open,
    /// Whoever shows an access token for it.
    Token,
}

/// What access tokens are needed for, and which are taken.
#[derive(Debug, Clone, Default)]
pub struct PassRules {
    /// Which are taken. They are where nothing needs them, too.
    pub passes: Passes,
    /// Who comes into rooms.
    pub join: Auth,
    /// Who makes rooms.
    pub create: Auth,
}

/// What somebody showed: nothing, a good pass for their room, or one that is not.
pub(super) type Shown = Option<Result<Pass, PassError>>;

impl Conference {
    /// The keys that access tokens are taken of.
    #[must_use]
    pub fn pass_keys(&self) -> &PassKeys {
        &self.config.rules.passes.keys
    }

    /// Takes other keys from now on. Nobody new comes in with those that are gone; who is inside stays.
    pub fn use_pass_keys(&mut self, keys: PassKeys) {
        self.config.rules.passes.keys = keys;
    }

    /// What a `join` shows for the room with this id.
    pub(super) fn shown_pass(&mut self, now: Now, room: &str, join: &Join) -> Shown {
        let text = join.pass.as_deref()?;
        if matches!(self.length_of(text), Err(PassError::TooLong { .. })) {
            self.tally.hit(Limit::PassBytes);
        }
        Some(self.read_pass(now, text).and_then(|mut pass| {
            pass.opens(room)?;
            if let Some(name) = &mut pass.name {
                let most = self.config.limits.get(Limit::NameChars);
                *name = names::clean(name, most).map_err(|_| PassError::BadName)?;
            }
            Ok(pass)
        }))
    }

    /// One that is too long is not looked into.
    fn length_of(&self, text: &str) -> Result<(), PassError> {
        let most = self.config.limits.get(Limit::PassBytes);
        if text.len() > most { Err(PassError::TooLong { most }) } else { Ok(()) }
    }

    fn read_pass(&self, now: Now, text: &str) -> Result<Pass, PassError> {
        self.length_of(text)?;
        self.config.rules.passes.verify(text, now.wall.as_millis() / 1_000)
    }

    /// The pass of somebody who wants to come in where people may be let in `by_pass` alone. Who is there for another reason (`expected`)
    /// needs none, and a bad one does not matter.
    pub(super) fn needed_pass(
        &mut self,
        now: Now,
        address: ClientAddress,
        shown: Shown,
        (expected, by_pass): (bool, bool),
    ) -> Result<Option<Pass>, Refusal> {
        match shown {
            Some(Ok(pass)) => Ok(Some(pass)),
            _ if expected => Ok(None),
            None if by_pass => Err(Refusal::PassNeeded),
            None => Ok(None),
            Some(Err(error)) => Err(self.bad_pass(now, address, error)),
        }
    }

    /// What somebody hears whose pass is none: it may be a guess.
    fn bad_pass(&mut self, now: Now, address: ClientAddress, error: PassError) -> Refusal {
        match self.asked_in_vain(now, address) {
            Ok(()) => Refusal::BadPass(error),
            Err(over) => Refusal::over(now, over),
        }
    }

    /// A room as it is shown here.
    pub(super) fn shown(&self, room: RoomInfo) -> RoomInfo {
        RoomInfo { pass_needed: self.config.rules.join == Auth::Token, ..room }
    }

    /// Whether whoever shows this, or nothing, may make rooms.
    #[must_use]
    pub fn makes_rooms(&self, now: Now, pass: Option<&str>) -> bool {
        let may = |pass: &str| self.read_pass(now, pass).is_ok_and(|pass| pass.rights.create);
        self.links_make_rooms() || pass.is_some_and(may)
    }

    /// Whether whoever has the link of a room that is not listed makes it again.
    pub(super) fn links_make_rooms(&self) -> bool {
        self.config.rules.create == Auth::Open
    }

    /// Whether somebody may make a room again that ended: whoever has its link, or only who made it or might.
    pub(super) fn may_make_again(&self, id: &str, join: &Join, shown: &Shown) -> bool {
        let made_it =
            || join.secret.as_ref().is_some_and(|secret| self.keys.owner_since(id, secret).is_some());
        self.links_make_rooms() || matches!(shown, Some(Ok(pass)) if pass.makes(id)) || made_it()
    }

    /// Whether a text is a pass that administers the room with this id.
    #[must_use]
    pub fn administers(&self, now: Now, id: &str, text: &str) -> bool {
        is_pass(text) && self.administering(now, id, text).is_ok()
    }

    /// Why a pass does not; `None` of a text that is none.
    pub(super) fn not_administering(&self, now: Now, id: &str, text: &str) -> Option<PassError> {
        if is_pass(text) { self.administering(now, id, text).err() } else { None }
    }

    fn administering(&self, now: Now, id: &str, text: &str) -> Result<(), PassError> {
        let pass = self.read_pass(now, text)?;
        pass.opens(id)?;
        if pass.rights.admin { Ok(()) } else { Err(PassError::NoAdmin) }
    }

    /// Whom a text is for that may be a pass, if it says.
    pub(super) fn identity_of(&self, now: Now, text: &str) -> Option<Print> {
        if is_pass(text) { self.read_pass(now, text).ok()?.identity } else { None }
    }

    /// Whether this pass is for making the room with this id.
    pub(super) fn makes(&self, now: Now, id: &str, pass: &str) -> bool {
        self.read_pass(now, pass).is_ok_and(|pass| pass.makes(id))
    }

    /// Whether somebody may make rooms: their pass, if one is needed.
    ///
    /// # Errors
    /// [`CreateRoomError`], counted.
    pub(super) fn maker(
        &mut self,
        now: Now,
        address: ClientAddress,
        pass: Option<&str>,
    ) -> Result<Option<Pass>, CreateRoomError> {
        if self.links_make_rooms() {
            return Ok(None);
        }
        let text = pass.ok_or(CreateRoomError::NoPass)?;
        let pass = match self.read_pass(now, text) {
            Ok(pass) if pass.rights.create => {
                let payer = pass.identity.map(Payer::Maker);
                payer.map_or(Ok(()), |payer| self.pay(now, &payer)).map_err(CreateRoomError::Over)?;
                return Ok(Some(pass));
            }
            Ok(_) => CreateRoomError::NotGranted,
            Err(error) => {
                if matches!(error, PassError::TooLong { .. }) {
                    self.tally.hit(Limit::PassBytes);
                }
                CreateRoomError::BadPass(error)
            }
        };
        self.asked_in_vain(now, address).map_err(CreateRoomError::Over)?;
        Err(pass)
    }
}

/// Whether a text may be a pass, and not the secret of a room: those have no dots (RFC 7515, 3.1).
#[must_use]
pub fn is_pass(text: &str) -> bool {
    text.contains('.')
}
