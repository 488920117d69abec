//! What programs do with rooms by the API, for whoever made them: look, change, end, and decide about people.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use thiserror::Error as ThisError;

use super::bans::Ban;
use super::names::{self, Unfit};
use super::payers::Payer;
use super::protocol::{Access, PeerInfo, RoomInfo, Screens, Topology};
use super::refusal::Refusal;
use super::state::RoomEvent;
use super::store::RoomRecord;
use super::trouble::Trouble;
use super::{Conference, Now, UnixTime, times};
use crate::ledger::{ClientAddress, Over};
use crate::limits::Limit;
use crate::media::ids::{Kind, PeerId, RoomId, Stream, Track};
use crate::passes::PassError;

/// How deep what an application keeps with a room may be.
const METADATA_DEPTH: usize = 8;

/// Bytes of an entity tag: of two states of one room, by chance none has the same.
const TAG_BYTES: usize = 12;

/// What an application may change of a room.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::option_option, reason = "missing, null and a value are three things (RFC 7396)")]
pub struct RoomPatch {
    name: Option<String>,
    lasts: Option<bool>,
    topology: Option<Topology>,
    access: Option<Access>,
    locked: Option<bool>,
    screens: Option<Screens>,
    chat: Option<bool>,
    files: Option<bool>,
    keep_chat: Option<bool>,
    #[serde(default, deserialize_with = "times::moment_or_null")]
    starts: Option<Option<UnixTime>>,
    #[serde(default, deserialize_with = "times::moment_or_null")]
    ends: Option<Option<UnixTime>>,
    #[serde(default, deserialize_with = "whole_or_null")]
    longest: Option<Option<usize>>,
    #[serde(default, deserialize_with = "whole_or_null")]
    most_people: Option<Option<usize>>,
    #[serde(default, deserialize_with = "even_null")]
    metadata: Option<Option<Value>>,
}

/// A field that may be `null`, as another thing than one that is not there (RFC 7396).
#[expect(clippy::option_option, reason = "missing, null and a value are three things (RFC 7396)")]
fn even_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// A whole number, however it is written: to JSON, 8 and 8.0 are the same.
#[expect(clippy::option_option, reason = "missing, null and a value are three things (RFC 7396)")]
fn whole_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<usize>>, D::Error> {
    whole(from).map(Some)
}

/// The same of a field that may be missing.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    let Some(number) = Option::<f64>::deserialize(from)? else { return Ok(None) };
    // Beyond what anybody may wish for nothing has to be exact.
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    if !fits {
        return Err(D::Error::custom(format!("{number} is no number of people, or of seconds")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was looked at")]
    Ok(Some(number as usize))
}

/// A room, as whoever made it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoomDetails {
    /// What everybody sees.
    #[serde(flatten)]
    pub room: RoomInfo,
    /// What the log calls it.
    pub mark: String,
    /// What the application keeps with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

/// Why an application does not get what it wants.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum Declined {
    /// There is no such room.
    #[error("there is no such room")]
    NoRoom,
    /// No trouble that is kept has this code.
    #[error("no trouble that is kept has this code")]
    NoTrouble,
    /// It did not show what was given to whoever made the room.
    #[error("this is not the secret of the room")]
    NotTheirs,
    /// What it showed is a pass, and not for that.
    #[error("{0}")]
    Pass(PassError),
    /// Too many wrong secrets, or questions for rooms that are not.
    #[error("too many requests that led nowhere came from your address")]
    Over(Over),
    /// More was asked about this room, or with this token, than may be.
    #[error("too much was asked about this room, or with this token, just now")]
    Busy(Over),
    /// The room is another one than it was thought to be.
    #[error("the room was changed meanwhile: its ETag is another one")]
    Changed,
    /// Something of it cannot be.
    #[error("{0}")]
    Unfit(String),
    /// Nobody in the room has this id.
    #[error("nobody in the room has this id")]
    NoPeer,
    /// Nobody is in the room.
    #[error("nobody is in the room")]
    Empty,
}

impl Conference {
    /// The entity tag of a room: another one whenever something of it that can be changed is other than before (RFC 9110, 8.8.3).
    #[must_use]
    pub fn tag_of(&self, id: &str) -> Option<String> {
        Some(tag(&self.record(id)?))
    }

    fn record(&self, id: &str) -> Option<RoomRecord> {
        match self.room_ids.get(id).and_then(|room| self.rooms.get(room)) {
            Some(open) => Some(open.state.record().clone()),
            None => self.store.get(id),
        }
    }

    /// Why somebody got no media, for whoever may ask about the room they were in.
    ///
    /// # Errors
    /// [`Declined`] says why not.
    pub fn read_trouble(
        &mut self,
        now: Now,
        from: ClientAddress,
        code: &str,
        secret: &str,
    ) -> Result<Trouble, Declined> {
        let found = self.room_of_trouble(code);
        // A room may have ended since.
        let administers = found.as_ref().is_some_and(|room| self.administers(now, room, secret));
        match found {
            None => {
                self.asked_in_vain(now, from).map_err(Declined::Over)?;
                return Err(Declined::NoTrouble);
            }
            Some(room) if administers => self.pay_for_asking(now, &room, secret).map_err(Declined::Busy)?,
            Some(room) => drop(self.owned(now, from, &room, secret)?),
        }
        self.trouble_of(code).cloned().ok_or(Declined::NoTrouble)
    }

    /// The room of this id, for whoever shows its `secret`, or a pass that administers it.
    fn owned(
        &mut self,
        now: Now,
        from: ClientAddress,
        id: &str,
        secret: &str,
    ) -> Result<RoomRecord, Declined> {
        let found = self.record(id);
        let owns = |record: &RoomRecord| {
            self.is_secret_of(record, secret) || self.administers(now, &record.id, secret)
        };
        let theirs = found.as_ref().is_some_and(owns);
        match found {
            Some(record) if theirs => {
                self.pay_for_asking(now, id, secret).map_err(Declined::Busy)?;
                Ok(record)
            }
            found => {
                self.asked_in_vain(now, from).map_err(Declined::Over)?;
                Err(match found {
                    None => Declined::NoRoom,
                    Some(_) => {
                        self.not_administering(now, id, secret).map_or(Declined::NotTheirs, Declined::Pass)
                    }
                })
            }
        }
    }

    /// Takes one of the rates of whoever asks about a room by the API, and may.
    pub(super) fn pay_for_asking(&mut self, now: Now, id: &str, secret: &str) -> Result<(), Over> {
        let by = self.identity_of(now, secret).map(Payer::Asker);
        by.into_iter().chain([Payer::Asked(id.into())]).try_for_each(|payer| self.pay(now, &payer))
    }

    /// A room with what its application keeps with it.
    ///
    /// # Errors
    /// [`Declined`].
    pub fn details(
        &mut self,
        now: Now,
        from: ClientAddress,
        id: &str,
        secret: &str,
    ) -> Result<RoomDetails, Declined> {
        let record = self.owned(now, from, id, secret)?;
        Ok(self.described(&record))
    }

    fn described(&self, record: &RoomRecord) -> RoomDetails {
        let people = self.room(&record.id).map_or(0, |room| room.people);
        let (room, mark) = (self.shown(record.info(people)), self.keys.mark(&record.id));
        RoomDetails { room, mark, metadata: record.metadata.clone() }
    }

    /// Changes a room, if its entity tag is one of `tags` or there are none.
    ///
    /// # Errors
    /// [`Declined`]; nothing is changed.
    pub fn change_room(
        &mut self,
        now: Now,
        from: ClientAddress,
        (id, secret): (&str, &str),
        tags: Option<&[&str]>,
        patch: RoomPatch,
    ) -> Result<RoomDetails, Declined> {
        let before = self.owned(now, from, id, secret)?;
        let known = tag(&before);
        if tags.is_some_and(|tags| !tags.iter().any(|tag| *tag == known || *tag == "*")) {
            return Err(Declined::Changed);
        }
        let after = self.patched(now, &before, patch)?;
        if after.is_kept() && !before.is_kept() {
            self.may_keep_room(from).map_err(|_| Declined::Unfit("as many rooms last as may".to_owned()))?;
        }
        if let Some(room) = self.room_ids.get(id).copied() {
            self.change_open(now, room, &before, &after);
        } else {
            self.keep_record(after.clone());
            if after.keeping.keep_chat != before.keeping.keep_chat {
                self.store_whole_chat(id, after.keeping.keep_chat);
            }
            self.review_closing(now, id);
        }
        if !after.is_kept() && before.is_kept() && !self.room_ids.contains_key(id) {
            self.forget_later(now, id);
        }
        self.run_due(now);
        Ok(self.described(&after))
    }

    fn patched(&mut self, now: Now, before: &RoomRecord, patch: RoomPatch) -> Result<RoomRecord, Declined> {
        let mut after = before.clone();
        if let Some(name) = patch.name {
            let most = self.config.limits.get(Limit::RoomNameChars);
            after.name = names::clean(&name, most).map_err(|unfit| match unfit {
                Unfit::TooLong => Declined::Unfit(format!("name: at most {most} characters")),
                Unfit::Invisible => Declined::Unfit("name: something that can be seen".to_owned()),
            })?;
        }
        if let Some(most) = patch.most_people {
            after.most_people = self.most_people(most)?;
        }
        if let Some(metadata) = patch.metadata {
            after.metadata = self.metadata(metadata)?;
        }
        after.lasts = patch.lasts.unwrap_or(after.lasts);
        after.topology = patch.topology.unwrap_or(after.topology);
        after.keeping.access = patch.access.unwrap_or(after.keeping.access);
        after.keeping.locked = patch.locked.unwrap_or(after.keeping.locked);
        after.keeping.screens = patch.screens.unwrap_or(after.keeping.screens);
        after.keeping.chat = patch.chat.unwrap_or(after.keeping.chat);
        after.keeping.files = patch.files.unwrap_or(after.keeping.files);
        after.keeping.keep_chat = patch.keep_chat.unwrap_or(after.keeping.keep_chat);
        after.keeping.starts = patch.starts.unwrap_or(after.keeping.starts);
        after.keeping.ends = patch.ends.unwrap_or(after.keeping.ends);
        if patch.starts.is_some() || patch.ends.is_some() {
            times::in_order(now, &after.keeping).map_err(Declined::Unfit)?;
        }
        if let Some(longest) = patch.longest {
            after.keeping.longest = times::longest(longest).map_err(Declined::Unfit)?;
        }
        Ok(after)
    }

    /// How many people a room may hold at most, if that can be.
    pub(super) fn most_people(&self, wanted: Option<usize>) -> Result<Option<usize>, Declined> {
        let most = self.config.limits.get(Limit::PeersPerRoom);
        match wanted {
            Some(wanted) if !(1..=most).contains(&wanted) => {
                Err(Declined::Unfit(format!("mostPeople: 1 to {most}")))
            }
            wanted => Ok(wanted),
        }
    }

    /// What an application keeps with a room, if it is not too much.
    pub(super) fn metadata(&mut self, wanted: Option<Value>) -> Result<Option<Value>, Declined> {
        let Some(wanted) = wanted else { return Ok(None) };
        let most = self.config.limits.get(Limit::MetadataBytes);
        if depth(&wanted) > METADATA_DEPTH {
            return Err(Declined::Unfit(format!("metadata: at most {METADATA_DEPTH} deep")));
        }
        if wanted.to_string().len() > most {
            self.tally.hit(Limit::MetadataBytes);
            return Err(Declined::Unfit(format!("metadata: at most {most} bytes")));
        }
        Ok(Some(wanted))
    }

    fn change_open(&mut self, now: Now, room: RoomId, before: &RoomRecord, after: &RoomRecord) {
        let described = RoomEvent::Described {
            name: after.name.clone(),
            lasts: after.lasts,
            most_people: after.most_people,
            metadata: after.metadata.clone(),
        };
        self.change(now, room, &described);
        if after.topology != before.topology {
            self.set_topology(now, room, after.topology);
        }
        let keeping = after.keeping;
        self.keep_so(now, room, |kept| *kept = keeping);
        if keeping.access == Access::Open && before.keeping.access == Access::Lobby {
            let _ = self.admit_from_lobby(now, room, None);
        }
    }

    /// Ends a room for everybody: its link leads nowhere from then on.
    ///
    /// # Errors
    /// [`Declined`].
    pub fn end_room_of(
        &mut self,
        now: Now,
        from: ClientAddress,
        id: &str,
        secret: &str,
    ) -> Result<(), Declined> {
        let record = self.owned(now, from, id, secret)?;
        if let Some(room) = self.room_ids.get(&*record.id).copied() {
            self.end_room(now, room, &Refusal::Ended);
        } else {
            self.end_empty(now, id, &Refusal::Ended);
        }
        self.run_due(now);
        Ok(())
    }

    /// Who is in a room, in the order of joining.
    ///
    /// # Errors
    /// [`Declined`].
    pub fn list_people(
        &mut self,
        now: Now,
        from: ClientAddress,
        id: &str,
        secret: &str,
    ) -> Result<Vec<PeerInfo>, Declined> {
        self.owned(now, from, id, secret)?;
        let open = self.room_ids.get(id).and_then(|room| self.rooms.get(room));
        Ok(open.map_or(Vec::new(), |open| open.state.list()))
    }

    /// Somebody in a room, for whoever owns it.
    fn person(
        &mut self,
        now: Now,
        from: ClientAddress,
        (id, secret): (&str, &str),
        peer: &str,
    ) -> Result<PeerId, Declined> {
        self.owned(now, from, id, secret)?;
        let inside = |peer: &PeerId| {
            self.peers.get(peer).is_some_and(|peer| self.room_ids.get(id) == Some(&peer.room))
        };
        peer.parse().ok().filter(inside).ok_or(Declined::NoPeer)
    }

    /// Puts somebody out of a room.
    ///
    /// # Errors
    /// [`Declined`].
    pub fn remove_person(
        &mut self,
        now: Now,
        from: ClientAddress,
        room: (&str, &str),
        peer: &str,
    ) -> Result<(), Declined> {
        let peer = self.person(now, from, room, peer)?;
        let pass = self.peers.get(&peer).and_then(|peer| peer.known().pass);
        self.put_out(now, peer, Ban::removal(peer, pass), Refusal::Removed);
        self.run_due(now);
        Ok(())
    }

    /// Mutes a track of somebody. If they do not send it, nothing happens.
    ///
    /// # Errors
    /// [`Declined`].
    pub fn mute_person(
        &mut self,
        now: Now,
        from: ClientAddress,
        room: (&str, &str),
        peer: &str,
        (stream, kind): (Stream, Kind),
    ) -> Result<(), Declined> {
        let peer = self.person(now, from, room, peer)?;
        let track = Track { stream, kind };
        if self.member(peer).is_some_and(|member| member.tracks().contains(&track)) {
            self.mute_for(now, peer, track, None);
        }
        self.run_due(now);
        Ok(())
    }

    /// Writes a message into the chat of a room under a name that nobody in it answers to.
    ///
    /// # Errors
    /// [`Declined`].
    pub fn write_into(
        &mut self,
        now: Now,
        from: ClientAddress,
        (id, secret): (&str, &str),
        (name, text): (&str, &str),
    ) -> Result<(), Declined> {
        self.owned(now, from, id, secret)?;
        let Some(room) = self.room_ids.get(id).copied() else { return Err(Declined::Empty) };
        if self.rooms.get(&room).is_some_and(|open| !open.state.record().keeping.chat) {
            return Err(Declined::Unfit("the chat of this room is off".to_owned()));
        }
        let unfit = |what: &str| Declined::Unfit(what.to_owned());
        let name = names::clean(name, self.config.limits.get(Limit::NameChars))
            .map_err(|_| unfit("name: 1 to 64 characters, of which one can be seen"))?;
        self.write_as(now, room, name, text).map_err(|refusal| match refusal {
            Refusal::TooMuchChat { after, .. } => {
                let at = now.instant + Duration::from_secs(after.saturating_sub(1));
                Declined::Busy(Over::Rate(Limit::ChatBytesPerSecondPerRoom, at))
            }
            refusal => Declined::Unfit(refusal.to_string()),
        })?;
        self.run_due(now);
        Ok(())
    }
}

/// The tag of what can be changed of a room.
fn tag(record: &RoomRecord) -> String {
    let RoomRecord { name, listed, lasts, topology, keeping, most_people, metadata, created_at, .. } = record;
    let text = serde_json::json!([name, listed, lasts, topology, keeping, most_people, metadata, created_at])
        .to_string();
    let hash = digest(&SHA256, text.as_bytes());
    BASE64URL_NOPAD.encode(hash.as_ref().get(..TAG_BYTES).unwrap_or_default())
}

/// How deep a value is: a number is 1, a list of numbers 2.
fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(values) => values.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => None,
    };
    1 + inner.unwrap_or(0)
}
