//! What a client may do with its lines once there is a connection, and no page does.

use plenary::media::ids::{Kind, OfferId};
use str0m::channel::ChannelConfig;
use str0m::media::{Direction, MediaKind, Mid};

use super::connection::Connection;
use super::lines::slot;
use crate::receiver::Line;

/// What a client may do with its receiving lines from one offer to the next.
#[derive(Debug, Clone, Copy)]
pub enum Reshape {
    /// Only the first of them are slots; the others stay, and nobody uses them.
    Use { audio: u8, video: u8 },
    /// Every slot is on the next one's line.
    Rotate,
    /// It receives on none of them, or on all.
    Receive(bool),
    /// All are stopped for ever.
    Stop,
    /// Stopped lines become others.
    Recycle,
}

impl Connection {
    /// An offer in which the client's receiving lines are as `change` says.
    pub fn reshape(&mut self, id: OfferId, change: Reshape) -> String {
        let mut changes = self.rtc.sdp_api();
        match change {
            Reshape::Use { audio, video } => {
                let used = |line: &&mut (Mid, Line)| {
                    line.1.slot() < if line.1.kind() == Kind::Audio { audio } else { video }
                };
                let used = self.lines.iter_mut().filter(used);
                self.slots = used.map(|(mid, line)| slot(*mid, line.kind(), line.slot())).collect();
            }
            Reshape::Rotate => {
                for kind in [Kind::Audio, Kind::Video] {
                    let lines =
                        self.lines.iter_mut().map(|(_, line)| line).filter(|line| line.kind() == kind);
                    let lines: Vec<&mut Line> = lines.collect();
                    let all = lines.len() as u8;
                    for line in lines {
                        line.renumber((line.slot() + 1) % all);
                    }
                }
                self.slots =
                    self.lines.iter().map(|(mid, line)| slot(*mid, line.kind(), line.slot())).collect();
            }
            Reshape::Receive(receives) => {
                let direction = if receives { Direction::RecvOnly } else { Direction::Inactive };
                self.lines.iter().for_each(|(mid, _)| changes.set_direction(*mid, direction));
            }
            Reshape::Stop => {
                self.lines.iter().for_each(|(mid, _)| changes.stop_media(*mid));
                self.slots.clear();
            }
            Reshape::Recycle => {
                let old = std::mem::take(&mut self.lines);
                for (_, line) in old {
                    let (kind, number) = (line.kind(), line.slot());
                    let media = if kind == Kind::Audio { MediaKind::Audio } else { MediaKind::Video };
                    let mid = changes.add_media(media, Direction::RecvOnly, None, None, None);
                    self.slots.push(slot(mid, kind, number));
                    self.lines.push((mid, Line::new(kind, number)));
                }
            }
        }
        // A restart makes an offer of what changes only beside it.
        changes.ice_restart(true);
        let (offer, pending) = changes.apply().expect("a restart changes something");
        self.offered = Some((id, pending));
        offer.to_sdp_string()
    }

    /// Everything is sent from other sources from now on, `first` and those after it.
    pub fn change_sources(&mut self, first: u32) {
        let lines =
            self.cameras.iter().map(|(mid, _)| mid).chain(self.microphones.iter().map(|(mid, _)| mid));
        for (ssrc, mid) in (first..).zip(lines) {
            let mut api = self.rtc.direct_api();
            if let Some(known) = api.stream_tx_by_mid(*mid, None).map(|stream| stream.ssrc()) {
                api.remove_stream_tx(known);
            }
            api.declare_stream_tx(ssrc.into(), None, *mid, None);
        }
    }

    /// Another data channel is opened.
    pub fn open_channel(&mut self) {
        self.rtc.direct_api().create_data_channel(ChannelConfig::default());
    }
}
