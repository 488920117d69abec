//! What a page sends itself: camera, screen, microphone; and what it wishes for.

use plenary::conference::protocol::ClientMessage;
use plenary::media::ids::{Kind, Stream, Track};
use plenary::media::message::Tile;
use str0m::bwe::Bitrate;

use super::Client;
use super::connection::Connection;
use crate::sender::{Camera, Microphone};

impl Client {
    /// Shows these tiles.
    pub fn show(&mut self, tiles: Vec<Tile>) {
        self.view = tiles;
        self.say(&ClientMessage::View { tiles: self.view.clone() });
    }

    /// What the server asked the smallest picture of the own camera to be at most, in bits a second.
    pub fn asked_of_smallest(&self) -> Option<u32> {
        let camera =
            self.asked.iter().find(|track| (track.stream, track.kind) == (Stream::Camera, Kind::Video))?;
        camera.layers.iter().find(|layer| layer.rid.as_deref() == Some("q")).map(|layer| layer.max_bitrate)
    }

    /// The number of what the server asked of the own tracks last.
    pub fn publish_version(&self) -> u64 {
        self.publish_version
    }
}

impl Connection {
    /// The estimator is to find out whether the uplink holds all that is asked for.
    pub fn desire(&mut self) {
        let asked: u64 = self.cameras.iter().map(|(_, camera)| camera.asked()).sum();
        self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::bps(asked + asked / 5));
    }

    /// The camera or the screen.
    pub fn camera(&mut self, stream: Stream) -> Option<&mut Camera> {
        self.cameras.iter_mut().map(|(_, camera)| camera).find(|camera| camera.stream() == stream)
    }

    /// The microphone, or the sound of the screen.
    pub fn microphone(&mut self, stream: Stream) -> Option<&mut Microphone> {
        self.microphones.iter_mut().map(|(_, mic)| mic).find(|microphone| microphone.stream() == stream)
    }

    /// Turns a camera, a screen, a microphone or the screen's sound on or off.
    pub fn switch(&mut self, Track { stream, kind }: Track, on: bool) {
        match kind {
            Kind::Audio => {
                if let Some(microphone) = self.microphone(stream) {
                    microphone.on = on;
                }
            }
            Kind::Video => {
                if let Some(camera) = self.camera(stream) {
                    camera.on = on;
                }
            }
        }
    }
}
