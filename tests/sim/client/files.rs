//! Files through the server, as far as it has to do with them: who sends one has bytes enough, who is offered one takes it, and counts.

use plenary::conference::protocol::{ClientMessage, FileFrame};
use plenary::media::ids::PeerId;
use serde_json::Value;
use str0m::channel::{ChannelConfig, ChannelData, ChannelId};

use super::Client;
use super::connection::Connection;

/// Bytes of a file in a message.
const CHUNK: u64 = 16 * 1024;

/// A file that is sent.
#[derive(Debug)]
struct Sent {
    to: PeerId,
    left: u64,
    credit: u64,
}

/// What of files goes over one connection.
#[derive(Debug, Default)]
pub struct Files {
    channel: Option<ChannelId>,
    sent: Option<Sent>,
    /// Bytes that came.
    pub received: u64,
    /// The reasons for which files ended before their end.
    pub ended: Vec<String>,
}

impl Connection {
    /// Opens the channel that files go over.
    pub fn open_files(&mut self) {
        let config = ChannelConfig { label: "files".into(), ..ChannelConfig::default() };
        self.files.channel = Some(self.rtc.direct_api().create_data_channel(config));
    }

    /// Something came on a channel: how much more may be sent, or bytes of a file.
    pub(super) fn take_data(&mut self, data: &ChannelData) {
        if data.binary {
            self.files.received += data.data.len() as u64 - 12;
            return;
        }
        let told: Value = serde_json::from_slice(&data.data).expect("a word about a file");
        if let Some(sent) = &mut self.files.sent {
            sent.credit += told["bytes"].as_u64().expect("how many bytes");
            self.send_bytes();
        }
    }

    fn send_bytes(&mut self) {
        let (Some(id), Some(sent)) = (self.files.channel, &mut self.files.sent) else { return };
        let Some(mut channel) = self.rtc.channel(id) else { return };
        while sent.credit.min(sent.left) > 0 {
            let bytes = CHUNK.min(sent.credit).min(sent.left);
            let mut message = sent.to.0.to_be_bytes().to_vec();
            message.extend(1_u32.to_be_bytes());
            message.resize(12 + bytes as usize, 7);
            if !channel.write(true, &message).expect("an open channel") {
                break;
            }
            sent.credit -= bytes;
            sent.left -= bytes;
        }
    }
}

impl Client {
    fn say_of_file(&mut self, to: PeerId, frame: FileFrame) {
        self.say(&ClientMessage::File { to, frame });
    }

    /// Offers a file of so many bytes. Both have opened their channels.
    pub fn send_file(&mut self, to: PeerId, size: u64) {
        if let Some(connection) = &mut self.connection {
            connection.files.sent = Some(Sent { to, left: size, credit: 0 });
        }
        self.say_of_file(to, FileFrame::Offer { id: 1, name: "film.mp4".into(), size });
    }

    /// Somebody said something of a file.
    pub(super) fn told_of_file(&mut self, from: PeerId, frame: FileFrame) {
        match frame {
            FileFrame::Offer { id, .. } => self.say_of_file(from, FileFrame::Accept { id }),
            FileFrame::Accept { id } => self.say_of_file(from, FileFrame::Start { id }),
            FileFrame::Refuse { reason, .. } | FileFrame::Cancel { reason, .. } => {
                self.connection.iter_mut().for_each(|connection| connection.files.ended.push(reason.clone()));
            }
            _ => {}
        }
    }
}
