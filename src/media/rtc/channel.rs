//! The data channel that files go over. The page opens it; of another one only the name is of interest.

use std::time::Instant;

use str0m::Event as RtcEvent;

use super::sending::Sending;
use super::{Connection, Event, guarded};
use crate::media::files::spare;
use crate::media::units::Bitrate;

/// What the channel is called ([`docs/protocol.md`](../../../docs/protocol.md), "Files through the server").
const LABEL: &str = "files";

/// Bytes that str0m may hold for the client before no more of a file is given to it. It refuses more than 128 KiB.
const MOST_HELD: usize = 32 * 1024;

/// What files get of a downlink that is not ours to measure (`--egress rtc`).
const UNMEASURED: Bitrate = Bitrate::kbps(300);

impl Connection {
    /// What an event of a data channel means.
    pub(super) fn channel_event(&mut self, event: RtcEvent, events: &mut Vec<Event>) {
        match event {
            RtcEvent::ChannelOpen(id, label) if label == LABEL => {
                self.files = Some(id);
                events.push(Event::FilesOpen);
            }
            RtcEvent::ChannelData(data) if self.files == Some(data.id) && data.binary => {
                events.push(Event::FileBytes(data.data));
            }
            RtcEvent::ChannelClose(id) if self.files == Some(id) => self.files = None,
            _ => {}
        }
    }

    /// Gives the client a message on its channel for files. Returns whether it was taken: not if there is none, or enough waits already.
    pub fn send_on_channel(&mut self, binary: bool, message: &[u8]) -> bool {
        let Some(id) = self.files else { return false };
        let written = guarded(|| {
            let mut channel = self.rtc.channel(id)?;
            if binary && channel.buffered_amount() + message.len() > MOST_HELD {
                return None;
            }
            channel.write(binary, message).ok()
        });
        match written {
            Ok(taken) => taken == Some(true),
            Err(fault) => {
                self.ended = Some(fault);
                false
            }
        }
    }

    /// Whether the client has a channel for files.
    #[must_use]
    pub fn has_channel(&self) -> bool {
        self.files.is_some()
    }

    /// What comes on the client's channel for files is passed over from here on.
    pub fn abandon_channel(&mut self) {
        self.files = None;
    }

    /// What media leaves of the downlink; `None` while there is no media.
    #[must_use]
    pub fn spare(&self, now: Instant) -> Option<Bitrate> {
        match &self.sending {
            Sending::Own(own) => own.egress.left(now).map(|sent| spare(own.egress.estimate(), sent)),
            Sending::Rtc(_) => Some(UNMEASURED),
        }
    }
}
