//! What is written in rooms that keep it over a restart: every change of a message goes to the store, which has what memory has.

use std::collections::BTreeMap;

use super::super::history::{ChatEvent, History, Kept};
use super::super::store::{Change, StoredMessage};
use super::super::{Conference, Now};
use crate::limits::Limit;
use crate::media::ids::RoomId;

impl Conference {
    /// Something happened to what is written in a room.
    pub(in super::super) fn store_chat(&mut self, room: RoomId, event: &ChatEvent) {
        let Some(open) = self.rooms.get(&room).filter(|open| open.state.record().keeping.keep_chat) else {
            return;
        };
        let (id, chat) = (open.id(), open.state.chat());
        let written = |number: &u64| chat.get(*number).map(|kept| written(id, chat, kept));
        let change = match event {
            ChatEvent::Posted(post) => written(&post.id),
            ChatEvent::Edited { id, .. } | ChatEvent::Deleted { id } => written(id),
            ChatEvent::Forgotten { below } => {
                Some(Change::Unwritten { id: id.to_owned(), era: chat.era(), below: *below })
            }
        };
        self.changes.extend(change);
    }

    /// All that is written in a room is kept from now on, or none of it.
    pub(in super::super) fn store_whole_chat(&mut self, id: &str, kept: bool) {
        let open = self.room_ids.get(id).and_then(|room| self.rooms.get(room));
        let Some(chat) = open.map(|open| open.state.chat()).or_else(|| self.chats.of(id)) else { return };
        if kept {
            self.changes.extend(chat.all().map(|kept| written(id, chat, kept)));
        } else {
            self.changes.push_back(gone(id, chat));
        }
    }

    /// What was written in a room is forgotten, so that it is in no store either.
    pub(in super::super) fn unwrite(&mut self, id: &str, chat: &History) {
        if self.store.get(id).is_some_and(|record| record.keeping.keep_chat) {
            self.changes.push_back(gone(id, chat));
        }
    }

    /// What an earlier process kept is to be read again. Of what is over the bounds that hold now the oldest goes.
    pub(in super::super) fn restore_chats(&mut self, now: Now, messages: Vec<StoredMessage>) {
        let mut rooms: BTreeMap<String, (u64, Vec<Kept>)> = BTreeMap::new();
        for StoredMessage { room, era, message, reference } in messages {
            let (newest, kept) = rooms.entry(room).or_default();
            if era > *newest {
                kept.clear();
                *newest = era;
            }
            // How long ago it was written is known by the clock on the wall only.
            let ago = now.wall.saturating_since(message.at);
            let since = now.instant.checked_sub(ago).unwrap_or(now.instant);
            kept.push(Kept { message, reference, since });
        }
        for (id, (era, kept)) in rooms {
            self.epoch = now.wall.as_millis().max(self.epoch + 1).max(era + 1);
            let chat = History::restored(self.epoch, era, kept);
            let keeps = self.store.get(&id).is_some_and(|record| record.keeping.keep_chat);
            if keeps && chat.len() > 0 {
                let below = chat.first();
                self.changes.push_back(Change::Unwritten { id: id.clone(), era, below });
                self.chats.waits(id.as_str().into(), chat);
            } else {
                self.changes.push_back(gone(&id, &chat));
            }
        }
        let whole = self.config.limits.get(Limit::ChatBytes);
        while self.chats.bytes() > whole
            && let Some((id, chat)) = self.chats.drop_oldest()
        {
            self.tally.hit(Limit::ChatBytes);
            self.unwrite(&id, &chat);
        }
    }
}

fn written(id: &str, chat: &History, kept: &Kept) -> Change {
    let Kept { message, reference, .. } = kept.clone();
    Change::Written(Box::new(StoredMessage { room: id.to_owned(), era: chat.era(), message, reference }))
}

fn gone(id: &str, chat: &History) -> Change {
    Change::Unwritten { id: id.to_owned(), era: chat.era() + 1, below: 0 }
}
