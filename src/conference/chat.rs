//! The chat: what somebody writes becomes an event of their room, and everybody in it is told in one order.
//!
//! ```text
//!   chat, chat-edit, chat-delete ─> rates, cleaning, rights ─> RoomEvent::Chat ─> chat to everybody; the sender's has their `ref`
//!   join with `chat` ─────────────────────────────────────────────────────────> chat-history, in parts
//! ```
//!
//! What was written in a room outlives the last person in it, for as long as the room does ([`Chats`]).

mod kept;
mod stored;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) use kept::Chats;

use super::grants::Grant;
use super::history::{ChatEvent, ChatMessage, ChatSeen, Post};
use super::names::Unfit;
use super::parse::{Chat, ChatDelete, ChatEdit};
use super::protocol::ServerMessage;
use super::refusal::{Refusal, Whose};
use super::room::OpenRoom;
use super::sockets::{SocketState, to_text};
use super::state::RoomEvent;
use super::timers::Timer;
use super::{Conference, Now, SocketId, text};
use crate::limits::Limit;
use crate::media::ids::{PeerId, RoomId};

/// Who writes that is nobody in the room.
const NOBODY: PeerId = PeerId(0);

/// How long one may change and delete what one wrote: a slip is seen at once, and what others have answered to stays.
const CHANGE_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Characters of what a client calls a message. Ours draw 22.
const REFERENCE_CHARS: usize = 32;

/// Bytes of what was written before that somebody is told at once, and the time until more: together no more of a downlink than
/// lists of people take, so that an answer on its way does not wait behind all of it.
const PART_BYTES: usize = 16 * 1024;

/// See [`PART_BYTES`].
const PART_EVERY: Duration = Duration::from_millis(500);

impl Conference {
    /// `chat`. The same again, after a socket was lost, is not written twice.
    pub(super) fn chat(&mut self, now: Now, id: PeerId, said: &Chat) -> Result<(), Refusal> {
        let posted = self.post(now, id, said);
        posted.map_err(|refusal| refusal.of_chat(Some(&said.reference)))
    }

    fn post(&mut self, now: Now, id: PeerId, said: &Chat) -> Result<(), Refusal> {
        self.may_write(now, id, &said.reference)?;
        let Some((room, open)) = self.room_of(id) else { return Ok(()) };
        if let Some(message) = open.state.chat().called(id, &said.reference) {
            let message = message.clone();
            self.confirm(id, message, &said.reference);
            return Ok(());
        }
        let text = self.cleaned_text(now, id, &said.text)?;
        let Some((open, member)) = self.rooms.get(&room).zip(self.member(id)) else { return Ok(()) };
        let post = Post {
            id: open.state.chat().next(),
            from: id,
            name: member.name().shown.clone(),
            text,
            reference: said.reference.clone(),
            at: now.wall,
            since: now.instant,
        };
        let number = post.id;
        self.change(now, room, &RoomEvent::Chat(ChatEvent::Posted(post)));
        self.counters.chat_messages += 1;
        self.tell_chat(room, id, number, &said.reference);
        self.bound_chat(now, room);
        Ok(())
    }

    /// Something is written into the chat of a room by none of its people. The room's rate holds.
    pub(super) fn write_as(
        &mut self,
        now: Now,
        room: RoomId,
        name: String,
        typed: &str,
    ) -> Result<(), Refusal> {
        let most = self.config.limits.get(Limit::ChatChars);
        let text = text::clean(typed, most).map_err(|unfit| match unfit {
            Unfit::TooLong => Refusal::LongText { most },
            Unfit::Invisible => Refusal::InvisibleText,
        })?;
        let Some(open) = self.rooms.get_mut(&room) else { return Err(Refusal::UnknownRoom) };
        if let Err(at) = open.talk.text(now.instant, text.len(), &self.config.limits) {
            return Err(self.too_much_chat(now, Limit::ChatBytesPerSecondPerRoom, Whose::Room, at));
        }
        let (id, reference) = (open.state.chat().next(), String::new());
        let post = Post { id, from: NOBODY, name, text, reference, at: now.wall, since: now.instant };
        self.change(now, room, &RoomEvent::Chat(ChatEvent::Posted(post)));
        self.counters.chat_messages += 1;
        self.tell_chat(room, NOBODY, id, "");
        self.bound_chat(now, room);
        Ok(())
    }

    /// `chat-edit`.
    pub(super) fn chat_edit(&mut self, now: Now, id: PeerId, said: &ChatEdit) -> Result<(), Refusal> {
        let edited = self.may_write(now, id, &said.reference).and_then(|()| {
            let before = self.own_message(now, id, said.id)?;
            if before.deleted {
                return Err(Refusal::UnknownMessage);
            }
            let text = self.cleaned_text(now, id, &said.text)?;
            self.change_message(now, id, &before, ChatEvent::Edited { id: said.id, text }, &said.reference);
            Ok(())
        });
        edited.map_err(|refusal| refusal.of_chat(Some(&said.reference)))
    }

    /// `chat-delete`.
    pub(super) fn chat_delete(&mut self, now: Now, id: PeerId, said: &ChatDelete) -> Result<(), Refusal> {
        let deleted = self.may_write(now, id, &said.reference).and_then(|()| {
            let before = self.deletable(now, id, said.id)?;
            self.change_message(now, id, &before, ChatEvent::Deleted { id: said.id }, &said.reference);
            Ok(())
        });
        deleted.map_err(|refusal| refusal.of_chat(Some(&said.reference)))
    }

    /// `typing`: passed on to the others, unless much of it was just now.
    pub(super) fn typing(&mut self, now: Now, id: PeerId, typing: bool) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(room) = self.rooms.get_mut(&peer.room) else { return };
        if !(peer.talk.typing(now.instant) && room.talk.typing(now.instant)) {
            return;
        }
        let members = room.state.people().to_vec();
        let Some(text) = to_text(&ServerMessage::Typing { peer: id, typing }) else { return };
        for member in members.into_iter().filter(|member| *member != id) {
            if let Some(socket) = self.socket_of(member) {
                self.send_text(socket, Arc::clone(&text), None);
            }
        }
    }

    /// Takes one message of somebody's rate.
    fn may_write(&mut self, now: Now, id: PeerId, reference: &str) -> Result<(), Refusal> {
        if reference.is_empty() || reference.chars().nth(REFERENCE_CHARS).is_some() {
            return Err(Refusal::BadReference { most: REFERENCE_CHARS });
        }
        let Some(peer) = self.peers.get_mut(&id) else { return Ok(()) };
        let taken = peer.talk.message(now.instant, &self.config.limits);
        taken.map_err(|at| self.too_much_chat(now, Limit::ChatPerSecond, Whose::Own, at))
    }

    /// The text that others are to see, which its writer's rate and the room's have place for.
    fn cleaned_text(&mut self, now: Now, id: PeerId, typed: &str) -> Result<String, Refusal> {
        let most = self.config.limits.get(Limit::ChatChars);
        let text = text::clean(typed, most).map_err(|unfit| match unfit {
            Unfit::TooLong => {
                self.tally.hit(Limit::ChatChars);
                Refusal::LongText { most }
            }
            Unfit::Invisible => Refusal::InvisibleText,
        })?;
        let (instant, limits) = (now.instant, &self.config.limits);
        let Some(peer) = self.peers.get_mut(&id) else { return Ok(text) };
        if let Err(at) = peer.talk.text(instant, text.len(), limits) {
            return Err(self.too_much_chat(now, Limit::ChatBytesPerSecond, Whose::Own, at));
        }
        let Some(room) = self.rooms.get_mut(&peer.room) else { return Ok(text) };
        if let Err(at) = room.talk.text(instant, text.len(), limits) {
            return Err(self.too_much_chat(now, Limit::ChatBytesPerSecondPerRoom, Whose::Room, at));
        }
        Ok(text)
    }

    /// The room somebody is in.
    fn room_of(&self, id: PeerId) -> Option<(RoomId, &OpenRoom)> {
        let room = self.peers.get(&id)?.room;
        Some((room, self.rooms.get(&room)?))
    }

    fn too_much_chat(&mut self, now: Now, limit: Limit, whose: Whose, at: Instant) -> Refusal {
        self.tally.hit(limit);
        let after = at.saturating_duration_since(now.instant).as_millis().div_ceil(1_000);
        Refusal::TooMuchChat { whose, after: u64::try_from(after).unwrap_or(u64::MAX) }
    }

    /// A message that somebody may change.
    fn own_message(&self, now: Now, id: PeerId, number: u64) -> Result<ChatMessage, Refusal> {
        let kept = self.room_of(id).and_then(|(_, open)| open.state.chat().get(number));
        let kept = kept.ok_or(Refusal::UnknownMessage)?;
        if kept.message.from != id {
            return Err(Refusal::OthersMessage);
        }
        if now.instant.saturating_duration_since(kept.since) > CHANGE_WITHIN {
            return Err(Refusal::OldMessage { minutes: CHANGE_WITHIN.as_secs() / 60 });
        }
        Ok(kept.message.clone())
    }

    /// A message that somebody may delete: their own, and of others, at any time, if they decide about them or nobody does.
    fn deletable(&self, now: Now, id: PeerId, number: u64) -> Result<ChatMessage, Refusal> {
        self.own_message(now, id, number).or_else(|refusal| {
            let kept = self.room_of(id).and_then(|(_, open)| open.state.chat().get(number));
            let kept = kept.filter(|_| self.has_grant(id, Grant::Moderate));
            kept.filter(|kept| self.moderates_words_of(id, kept.message.from))
                .map(|kept| kept.message.clone())
                .ok_or(refusal)
        })
    }

    /// Whether somebody who moderates decides about what `from` wrote: also about their own, and that of who left.
    fn moderates_words_of(&self, id: PeerId, from: PeerId) -> bool {
        let room = |id: &PeerId| self.peers.get(id).map(|peer| peer.room);
        from == id || room(&from) != room(&id) || self.decides_about(id, from).is_ok()
    }

    fn change_message(
        &mut self,
        now: Now,
        id: PeerId,
        before: &ChatMessage,
        event: ChatEvent,
        reference: &str,
    ) {
        let Some(room) = self.peers.get(&id).map(|peer| peer.room) else { return };
        self.change(now, room, &RoomEvent::Chat(event));
        let Some(after) = self.rooms.get(&room).and_then(|open| open.state.chat().get(before.id)) else {
            return;
        };
        if after.message.revision == before.revision {
            // It is so already: the answer got lost.
            self.confirm(id, after.message.clone(), reference);
        } else {
            self.tell_chat(room, id, before.id, reference);
            self.bound_chat(now, room);
        }
    }

    /// Tells everybody of a message, and whoever wrote or changed it under which name they know it.
    fn tell_chat(&mut self, at: RoomId, id: PeerId, number: u64, reference: &str) {
        let Some(room) = self.rooms.get(&at) else { return };
        let Some(message) = room.state.chat().get(number).map(|kept| kept.message.clone()) else { return };
        let members = room.state.people().to_vec();
        let Some(text) = to_text(&ServerMessage::Chat { message: message.clone(), reference: None }) else {
            return;
        };
        for member in members.into_iter().filter(|member| *member != id) {
            if let Some(socket) = self.socket_of(member) {
                self.send_text(socket, Arc::clone(&text), None);
            }
        }
        self.confirm(id, message, reference);
    }

    fn confirm(&mut self, id: PeerId, message: ChatMessage, reference: &str) {
        if let Some(socket) = self.socket_of(id) {
            let reference = Some(reference.to_owned());
            self.send(socket, &ServerMessage::Chat { message, reference }, None);
        }
    }

    /// Lets go what is over the bounds of a room, and of all.
    fn bound_chat(&mut self, now: Now, at: RoomId) {
        let most = |limit| self.config.limits.get(limit);
        let (messages, bytes) = (most(Limit::ChatMessagesPerRoom), most(Limit::ChatBytesPerRoom));
        let whole = most(Limit::ChatBytes);
        while let Some(chat) = self.rooms.get(&at).map(|room| room.state.chat()).filter(|chat| chat.len() > 0)
        {
            let limit = match (chat.len() > messages, chat.bytes() > bytes) {
                (true, _) => Limit::ChatMessagesPerRoom,
                (false, true) => Limit::ChatBytesPerRoom,
                (false, false) => break,
            };
            self.tally.hit(limit);
            self.forget_oldest(now, at);
        }
        self.note_chat(at);
        while self.chats.bytes() > whole {
            self.tally.hit(Limit::ChatBytes);
            if let Some((id, chat)) = self.chats.drop_oldest() {
                self.unwrite(&id, &chat);
                continue;
            }
            let Some(heaviest) = self.chats.heaviest() else { break };
            self.forget_oldest(now, heaviest);
            self.note_chat(heaviest);
        }
    }

    fn forget_oldest(&mut self, now: Now, at: RoomId) {
        let Some(first) = self.rooms.get(&at).map(|room| room.state.chat().first()) else { return };
        self.change(now, at, &RoomEvent::Chat(ChatEvent::Forgotten { below: first + 1 }));
    }

    fn note_chat(&mut self, at: RoomId) {
        if let Some(room) = self.rooms.get(&at) {
            self.chats.opened(at, room.state.chat().bytes());
        }
    }

    /// Begins to tell somebody who came in on a socket what they do not have yet. A page that says nothing of the chat has none.
    pub(super) fn begin_history(&mut self, now: Now, socket: SocketId, seen: Option<ChatSeen>) {
        let Some(&SocketState::Inside(id)) = self.sockets.get(&socket).map(|client| &client.state) else {
            return;
        };
        let Some((_, room)) = self.room_of(id) else { return };
        let chat = room.state.chat();
        let told = seen.map(|seen| {
            let is_this = seen.epoch == chat.epoch() && seen.revision <= chat.revision();
            if is_this { seen.revision } else { 0 }
        });
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.talk.told = told;
        }
        self.send_history(now, id);
    }

    /// Tells somebody the next part of what was written before.
    pub(super) fn send_history(&mut self, now: Now, id: PeerId) {
        self.timers.clear(&Timer::Chat(id));
        let Some((_, room)) = self.room_of(id) else { return };
        let Some(peer) = self.peers.get(&id) else { return };
        let (Some(told), Some(socket)) = (peer.talk.told, peer.socket()) else { return };
        let chat = room.state.chat();
        let (revision, messages) = chat.since(told, PART_BYTES);
        let is_all = revision == chat.revision();
        let (epoch, first) = (chat.epoch(), chat.first());
        self.send(socket, &ServerMessage::ChatHistory { epoch, revision, first, messages }, None);
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.talk.told = Some(revision).filter(|_| !is_all);
        }
        if let Some(at) = now.instant.checked_add(PART_EVERY).filter(|_| !is_all) {
            self.timers.set(Timer::Chat(id), at);
        }
    }
}
