//! Whose pictures and sounds leave, against what the server said of the slots by then.
//!
//! A client can tell a wrong voice only once the name has come, which a full queue may delay; here nothing is on its way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use plenary::conference::SocketId;
use plenary::media::ids::{Kind, PeerId, StreamId};
use plenary::media::message::SlotTable;

use super::connection::Shown;
use crate::client::Client;

/// Within so long of the first packet its name is sent: a turn of the media side, one of the conference's.
const NAMED_WITHIN: Duration = Duration::from_millis(100);

/// Who can be told, and who is who.
pub struct Told<'a> {
    /// The socket the server may tell them by, if any.
    pub socket: Option<SocketId>,
    pub who: &'a dyn Fn(u16) -> Option<PeerId>,
}

/// What came of a slot before it was named.
#[derive(Debug)]
struct Nameless {
    since: Instant,
    slot: u8,
    last: Shown,
    owner: Option<StreamId>,
}

/// What one person was told of their slots.
#[derive(Debug, Default)]
pub struct Names {
    said: Option<(SocketId, SlotTable)>,
    /// By line: what it carries that was not named.
    nameless: BTreeMap<String, Nameless>,
    pub longest: Duration,
}

impl Names {
    pub fn say(&mut self, socket: SocketId, table: SlotTable) {
        self.nameless.retain(|_, nameless| !is_named(&table, nameless.slot, &nameless.last, nameless.owner));
        self.said = Some((socket, table));
    }

    /// Somebody is sent this at `now`.
    pub fn judge(
        &mut self,
        now: Instant,
        shown: &Shown,
        client: &Client,
        told: &Told<'_>,
    ) -> Result<(), String> {
        let said = self.said.as_ref().filter(|(socket, _)| told.socket == Some(*socket));
        let lines = client.connection.iter().flat_map(|connection| &connection.lines);
        let line = lines.into_iter().find(|(mid, _)| shown.mid == **mid);
        let (Some((_, table)), Some((_, line))) = (said, line) else {
            self.nameless.remove(&shown.mid);
            return Ok(());
        };
        let owner = (told.who)(shown.stamp.person).map(|peer| StreamId { peer, stream: shown.stamp.stream });
        if is_named(table, line.slot(), shown, owner) {
            self.nameless.remove(&shown.mid);
            return Ok(());
        }
        let (slot, last) = (line.slot(), shown.clone());
        let since = self.nameless.get(&shown.mid).map_or(now, |nameless| nameless.since);
        self.nameless.insert(shown.mid.clone(), Nameless { since, slot, last, owner });
        let nameless = now - since;
        self.longest = self.longest.max(nameless);
        if nameless <= NAMED_WITHIN {
            return Ok(());
        }
        let (slot, stamp) = (line.slot(), shown.stamp);
        Err(format!(
            "{:?} slot {slot} carries {stamp:?} for {nameless:?}, and {table:?} was said",
            shown.kind
        ))
    }
}

fn is_named(table: &SlotTable, number: u8, shown: &Shown, owner: Option<StreamId>) -> bool {
    if shown.kind == Kind::Audio {
        return table.audio.iter().any(|slot| slot.slot.0 == number && slot.plays == owner);
    }
    table.video.iter().filter(|slot| slot.slot.0 == number).any(|slot| {
        let tail = slot.since.is_some_and(|since| since.wrapping_sub(shown.time).cast_signed() > 0);
        tail || (slot.since.is_some() && slot.shows == owner)
    })
}
