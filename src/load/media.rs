//! What one person sends and receives: cameras and microphones on the one side, measuring on the other. Sans-IO.

use std::time::Instant;

use super::directory::Directory;
use super::measure::{Came, Receiver};
use super::rng::Rng;
use super::source::{Camera, Made, Microphone};
use super::stamp::Stamp;
use crate::config::LoadConfig;
use crate::media::ids::{Kind, Layer, SlotIndex, Stream, Track};
use crate::media::rtc::client::{Arrived, ClientEvent, Outgoing};
use crate::media::units::Bitrate;

/// Where people's voices lie, in dB below full scale: nobody is the loudest of a room for long.
const LOUDEST: usize = 20;
const VOICES: usize = 15;

/// The rates of the three layers until the server asks for others: those of a small room (docs/protocol.md).
const FIRST_LAYERS: [(Layer, Bitrate); 3] = [
    (Layer::Low, Bitrate::kbps(150)),
    (Layer::Middle, Bitrate::kbps(900)),
    (Layer::High, Bitrate::kbps(1_500)),
];

/// What one person sends and receives.
#[derive(Debug)]
pub(super) struct Media {
    picture: Option<Track>,
    sound: Option<Track>,
    rate: Bitrate,
    even: bool,
    /// What the server asks of the camera.
    layers: Vec<(Layer, Bitrate)>,
    camera: Option<(u32, Camera)>,
    microphone: Option<(u32, Microphone)>,
    rng: Rng,
    connected: Option<Instant>,
    /// Slots whose pictures cannot go on without a key frame.
    stuck: Vec<SlotIndex>,
    /// What came and could not be read.
    pub unreadable: u64,
    pub receiver: Receiver,
}

impl Media {
    /// Somebody who publishes or does not.
    pub(super) fn new(config: &LoadConfig, publishes: bool, rng: Rng) -> Media {
        let stream = if config.simulcast { Stream::Camera } else { Stream::Screen };
        let picture = (publishes && config.video_bitrate > Bitrate::default())
            .then_some(Track { stream, kind: Kind::Video });
        let sound =
            (publishes && config.audio).then_some(Track { stream: Stream::Camera, kind: Kind::Audio });
        let layers =
            if config.simulcast { FIRST_LAYERS.to_vec() } else { vec![(Layer::High, config.video_bitrate)] };
        Media {
            picture,
            sound,
            rate: config.video_bitrate,
            even: config.even,
            layers: at_most(config.video_bitrate, &layers),
            camera: None,
            microphone: None,
            rng,
            connected: None,
            stuck: Vec::new(),
            unreadable: 0,
            receiver: Receiver::default(),
        }
    }

    /// The tracks that are sent.
    pub(super) fn tracks(&self) -> Vec<Track> {
        self.sound.into_iter().chain(self.picture).collect()
    }

    /// When the connection was up.
    pub(super) fn connected(&self) -> Option<Instant> {
        self.connected
    }

    /// The connection is another one: what was published ends, and begins anew once it is up.
    pub(super) fn reconnected(&mut self, now: Instant, directory: &mut Directory) {
        self.end(now, directory);
        self.connected = None;
        self.receiver.reconnected();
    }

    /// Nothing is sent any more.
    pub(super) fn end(&mut self, now: Instant, directory: &mut Directory) {
        let camera = self.camera.take().map(|(number, _)| number);
        let microphone = self.microphone.take().map(|(number, _)| number);
        camera.into_iter().chain(microphone).for_each(|number| directory.end(number, now));
    }

    /// What the server asks of the camera.
    pub(super) fn ask(&mut self, layers: &[(Layer, Bitrate)]) {
        self.layers = at_most(self.rate, layers);
        if let Some((_, camera)) = &mut self.camera {
            camera.ask(&self.layers);
        }
    }

    /// Something happened to the connection.
    pub(super) fn take(&mut self, event: ClientEvent<'_>, now: Instant, micros: u64) {
        match event {
            ClientEvent::Reached => {}
            ClientEvent::Connected => self.connected = Some(now),
            ClientEvent::KeyFrameAsked(_, layer) => {
                self.camera.iter_mut().for_each(|(_, camera)| camera.ask_key_frame(layer));
            }
            ClientEvent::Packet(packet) => self.measure(&packet, now, micros),
        }
    }

    fn measure(&mut self, packet: &Arrived<'_>, now: Instant, micros: u64) {
        let stamp = match packet.kind {
            Kind::Audio => Stamp::of_sound(packet.payload),
            Kind::Video => Stamp::of_picture(packet.payload),
        };
        let Some(stamp) = stamp else {
            self.unreadable += 1;
            return;
        };
        let Arrived { kind, slot, seq, resent, payload } = *packet;
        let came = Came { kind, slot, seq, resent, bytes: payload.len(), stamp };
        if self.receiver.take(now, micros, &came) {
            self.stuck.push(slot);
        }
    }

    /// The slots to ask a key frame for.
    pub(super) fn stuck(&mut self) -> std::vec::Drain<'_, SlotIndex> {
        self.stuck.drain(..)
    }

    /// When the next packet is due.
    pub(super) fn wakes(&self) -> Option<Instant> {
        let camera = self.camera.as_ref().map(|(_, camera)| camera.wakes());
        camera.into_iter().chain(self.microphone.as_ref().map(|(_, microphone)| microphone.wakes())).min()
    }

    /// Begins to send, once there is a connection. Person `who` has these publications then.
    pub(super) fn start(&mut self, who: (usize, usize), now: Instant, directory: &mut Directory) {
        if self.connected.is_none() {
            return;
        }
        if self.picture.is_some() && self.camera.is_none() {
            let number = directory.add(who, Kind::Video, now);
            let mut camera = Camera::new(number, &self.every_layer(), self.even, now, self.rng.clone());
            camera.ask(&self.layers);
            self.camera = Some((number, camera));
        }
        if self.sound.is_some() && self.microphone.is_none() {
            let number = directory.add(who, Kind::Audio, now);
            let level = u8::try_from(LOUDEST + who.0 % VOICES).unwrap_or(u8::MAX);
            self.microphone = Some((number, Microphone::new(number, level, now, self.rng.clone())));
        }
    }

    fn every_layer(&self) -> Vec<(Layer, Bitrate)> {
        let camera = self.picture.is_some_and(|track| track.stream == Stream::Camera);
        if camera { FIRST_LAYERS.to_vec() } else { vec![(Layer::High, self.rate)] }
    }

    /// The next packet that is due `now`, and when it was to be sent.
    pub(super) fn due(
        &mut self,
        now: Instant,
        micros: u64,
        directory: &mut Directory,
    ) -> Option<(Instant, Outgoing)> {
        if let (Some(track), Some((number, camera))) = (self.picture, &mut self.camera)
            && let Some((at, made)) = camera.due(now, micros)
        {
            directory.sends(*number);
            return Some((at, outgoing(track, made, None)));
        }
        let (Some(track), Some((number, microphone))) = (self.sound, &mut self.microphone) else {
            return None;
        };
        let ((at, made), level) = microphone.due(now, micros)?;
        directory.sends(*number);
        Some((at, outgoing(track, made, Some(level))))
    }
}

fn outgoing(track: Track, made: Made, level: Option<u8>) -> Outgoing {
    let Made { layer, seq, time, marker, payload } = made;
    Outgoing { track, layer, seq, time, marker, level, payload }
}

/// The layers, each with as much less as keeps all together within a rate.
fn at_most(rate: Bitrate, layers: &[(Layer, Bitrate)]) -> Vec<(Layer, Bitrate)> {
    let all: Bitrate = layers.iter().map(|(_, rate)| *rate).sum();
    let part = |of: Bitrate| {
        let bits = u128::from(of.as_bps()) * u128::from(rate.as_bps()) / u128::from(all.as_bps().max(1));
        Bitrate::bps(u64::try_from(bits).unwrap_or(u64::MAX))
    };
    layers.iter().map(|(layer, of)| (*layer, if all > rate { part(*of) } else { *of })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_share_what_there_is_and_never_get_more_than_is_asked() {
        let layers = [(Layer::Low, Bitrate::kbps(100)), (Layer::High, Bitrate::kbps(900))];
        assert_eq!(at_most(Bitrate::kbps(2_000), &layers), layers);
        let half = [(Layer::Low, Bitrate::kbps(50)), (Layer::High, Bitrate::kbps(450))];
        assert_eq!(at_most(Bitrate::kbps(500), &layers), half);
    }
}
