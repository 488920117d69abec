//! Connections without a network, for the tests of whoever drives them.

use std::time::Instant;

use str0m::config::DtlsVersion;
use str0m::crypto::dtls::DtlsOutput;
use str0m::media::{Pt, Rid};

use super::{Connection, Mid, Packet, crypto, formats};
use crate::media::codec::Codec;
use crate::media::frame::FrameInfo;
use crate::media::ids::Layer;
use crate::media::rtp::{Extensions, MediaTime, SeqNo, Ssrc};

impl Connection {
    /// Takes the connection for one whose handshake is through.
    pub fn pretend_connected(&mut self) {
        self.connected = true;
        self.paths.pretend(self.clock);
    }

    /// Takes an encoding for one of which something was received: it can be asked for key frames.
    pub fn pretend_heard(&mut self, mid: Mid, layer: Layer) {
        let ssrc = Ssrc(1_000 + layer as u32);
        let rid = Rid::from(layer.rid());
        self.rtc.direct_api().expect_stream_rx(ssrc.0.into(), None, mid, Some(rid));
        self.srtp.sources.pretend(mid, layer, ssrc);
    }

    /// A packet of an encoding, as if it had arrived, in a format that was negotiated for what the client sends.
    ///
    /// # Panics
    /// If none was negotiated.
    pub fn pretend_packet(
        &self,
        (mid, layer, codec): (Mid, Layer, Codec),
        (seq, time): (u64, u64),
        frame: FrameInfo,
        arrival: Instant,
    ) -> Packet {
        let formats = (0..128).filter_map(|pt| self.formats.arriving(Pt::from(pt)));
        let format = formats.into_iter().find(|format| formats::codec(*format) == codec);
        Packet {
            mid,
            layer,
            codec,
            seq: SeqNo(seq),
            time: MediaTime(time),
            arrival,
            frame,
            height: None,
            format: format.expect("a negotiated codec"),
            marker: frame.end,
            payload: vec![0; 100].into(),
            extensions: Extensions::default(),
        }
    }
}

/// The first datagram of a client's handshake (RFC 6347 section 4.2).
///
/// # Panics
/// If there is none.
pub fn client_hello(now: Instant) -> Vec<u8> {
    let certificate = crypto::certificate().expect("a certificate");
    let provider = crypto::inner().dtls_provider;
    let mut client = provider.new_dtls(&certificate, now, DtlsVersion::Dtls12, None).expect("a client");
    client.set_active(true);
    client.handle_timeout(now).expect("a client that begins");
    let mut buffer = vec![0; 2_000];
    loop {
        if let DtlsOutput::Packet(packet) = client.poll_output(&mut buffer) {
            return packet.to_vec();
        }
    }
}
