//! What a core counts.

use super::Core;
use crate::limits::Tally;
use crate::media::egress::Counts;
use crate::media::egress::repair::Refused;
use crate::media::ids::Layer;
use crate::media::paths::PathCounts;
use crate::media::rtc::Connection;
use crate::media::sound::Spoken;
use crate::media::talkers::Through;
use crate::metrics::Histogram;

/// Bits a second: what a voice needs, what each encoding of a picture needs, and what a line of a good many holds.
pub const ESTIMATES: [u64; 9] =
    [50_000, 100_000, 200_000, 400_000, 800_000, 1_500_000, 3_000_000, 6_000_000, 12_000_000];

/// How estimates of downlinks are spread, in bits a second.
pub type Estimates = Histogram<{ ESTIMATES.len() }>;

crate::metrics! {
    /// What a core counted since it started.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct Counters as "core" {
        /// Datagrams that came, over UDP and TCP.
        pub datagrams: u64,
        /// Datagrams of no kind we know, and hostile ones.
        pub unknown: u64,
        /// Datagrams larger than 1,500 bytes, or from port zero, to which no answer could go. They count as unknown, too.
        pub hostile: u64,
        /// DTLS and SRTP from addresses that never authenticated.
        pub unlearned: u64,
        /// SRTP from addresses that authenticated, which was not authentic itself: truncated, forged, replayed, or of a
        /// payload type that was not negotiated.
        pub unauthentic: u64,
        /// STUN for nobody, or with a wrong password.
        pub stun_refused: u64,
        /// Plain STUN requests over UDP that were answered with the address they came from.
        pub stun_mirrored: u64,
        /// Requests for a path on which somebody else has proven to be.
        pub paths_refused: u64,
        /// Challenges sent, to see whether a client receives by a path.
        pub challenges_sent: u64,
        /// Challenges that clients answered.
        pub challenges_answered: u64,
        /// Media packets and datagrams that were not sent because nothing authentic comes from the client.
        pub media_withheld: u64,
        /// Datagrams that were not sent because they were more than an unproven path may get.
        pub unproven_limited: u64,
        /// Handshake datagrams dropped because too many waited.
        pub handshakes_dropped: u64,
        /// Media packets received.
        pub received: u64,
        /// Media packets that were authentic and no use: of a layer or in a format that was not negotiated, or cut short.
        pub unusable: u64,
        /// Authentic SRTCP that is no RTCP.
        pub reports_malformed: u64,
        /// Media packets handed to subscribers.
        pub forwarded: u64,
        /// Packets of pictures handed to subscribers in the smallest of three encodings.
        pub forwarded_low: u64,
        /// Packets of pictures handed to subscribers in the encoding between.
        pub forwarded_middle: u64,
        /// Packets of pictures handed to subscribers as large as they were captured, or in the only encoding there is.
        pub forwarded_high: u64,
        /// Media packets handed to the core of another worker, for people of the same room there.
        pub crossed: u64,
        /// Media packets that came from the cores of other workers.
        pub arrived_from_workers: u64,
        /// Times that somebody began with a key frame that had come before them.
        pub replays: u64,
        /// Packets that they began with.
        pub replayed: u64,
        /// Bytes of files that came, to go through the server.
        pub file_bytes: u64,
        /// Messages for files that were not carried: of a file that is over, more than may come, or none that can be read.
        pub file_strays: u64,
        /// Packets sent again because a client asked for them.
        pub resent: u64,
        /// Packets of sound that brought the one before along, for somebody who loses some.
        pub redundant: u64,
        /// Packets sent again to find out what a downlink holds.
        pub padded: u64,
        /// Packets that were asked for again and that nobody needs: never sent, too old, or in front of a key frame.
        pub resends_pointless: u64,
        /// Packets that were asked for again sooner than a resend takes, or more often than it helps.
        pub resends_repeated: u64,
        /// Packets that were asked for again beyond what part of a downlink resends may take.
        pub resends_over: u64,
        /// Lists of lost packets that were not read to their end, because they name more than anybody can have lost.
        pub lists_unread: u64,
        /// Packets a subscriber did not get because its slot waits for a key frame, or because they came too late for it.
        pub held: u64,
        /// Packets a subscriber did not get because its downlink does not hold all frames of the picture.
        pub thinned: u64,
        /// Packets a subscriber did not get because it negotiated nothing that could decode them.
        pub not_decodable: u64,
        /// Packets a subscriber did not get because another one, or the same, left with their sequence number.
        pub repeated: u64,
        /// Packets a subscriber did not get because there is no stream to its slot.
        pub no_stream: u64,
        /// Connections that ended because a packet would have been sealed with a nonce that was used.
        pub nonces_repeated: u64,
        /// Times a publisher's sequence numbers went where nobody counts to.
        pub jumps: u64,
        /// Times a voice came among the loudest of its room, or changed its rank among them.
        pub loudest_changed: u64,
        /// Packets of sound that went to nobody because as many as may talk at once did, who were louder or whose turn it was.
        pub voices_left_out: u64,
        /// Times somebody who was left out because others talked was let through because they had waited.
        pub turns_given: u64,
        /// Packets of sound that went to nobody because nothing can be heard in them, nor could for three seconds.
        pub silence_dropped: u64,
        /// Times the floor of a room passed to somebody, or became free.
        pub floor_passed: u64,
        /// Times somebody's slots for sound were looked at, because the loudest changed or because somebody came, left or looked elsewhere.
        pub listeners_visited: u64,
        /// Key frames asked for.
        pub key_frames_asked: u64,
        /// Wishes for a key frame that were no request of their own: one was on its way, or nobody can decode it.
        pub key_frames_merged: u64,
        /// Wishes for a key frame of viewers who had caused as many as one may.
        pub key_frames_refused: u64,
        /// Media packets that were over what their sender was asked for, and dropped.
        pub over_rate: u64,
        /// Layers that were cut off because their sender sent more than was asked for.
        pub layers_cut: u64,
        /// Times somebody was told that they send too much.
        pub told_too_much: u64,
        /// Connections that ended because their client went on sending more than was asked for.
        pub ended_too_much: u64,
        /// Connections that ended by themselves.
        pub connections_lost: u64,
        /// Connections that ended by a mistake of the server's (a panic inside them).
        pub connections_failed: u64,
        /// Offers refused after parsing.
        pub offers_refused: u64,
        /// Times any peer's timer fired.
        pub wakeups: u64,
        /// Times a peer's timer fired more than a millisecond after what its connection asked for. The estimator stalls at
        /// 4 ms.
        pub late: u64,
        /// Times the clock said less than before.
        pub clock_steps_back: u64,
        /// Sound that came again after a pause in which its publisher's RTP clock stood still: it begins anew, so that voices and lips stay together.
        pub clocks_stood: u64,
    }
}

impl Core {
    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// What downlinks were thought to hold so far.
    #[must_use]
    pub fn estimates(&self) -> Estimates {
        self.estimates
    }

    /// Which limits were hit so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }
}

impl Counters {
    /// Counts a packet that a subscriber got: of a picture in this encoding, or of sound.
    pub(super) fn add_forwarded(&mut self, layer: Option<Layer>) {
        self.forwarded += 1;
        match layer {
            Some(Layer::Low) => self.forwarded_low += 1,
            Some(Layer::Middle) => self.forwarded_middle += 1,
            Some(Layer::High) => self.forwarded_high += 1,
            None => {}
        }
    }

    pub(super) fn add_paths(&mut self, counts: PathCounts) {
        let PathCounts { challenges, answers, withheld, limited } = counts;
        self.challenges_sent += challenges;
        self.challenges_answered += answers;
        self.media_withheld += withheld;
        self.unproven_limited += limited;
    }

    /// Counts a packet of sound that went to nobody, and a turn that was given.
    pub(super) fn add_spoken(&mut self, spoken: &Spoken) {
        self.voices_left_out += u64::from(spoken.heard == Through::No);
        self.turns_given += u64::from(spoken.heard == Through::First { turn: true });
        self.silence_dropped += u64::from(spoken.silent && spoken.heard != Through::No);
    }

    /// Adds what a connection has counted since it was asked last.
    pub(super) fn add_connection(&mut self, connection: &mut Connection) {
        self.add_paths(connection.take_path_counts());
        let Counts { resent, redundant, padded, refused } = connection.take_counts();
        let Refused { pointless, repeated, over, unread } = refused;
        self.resent += resent;
        self.redundant += redundant;
        self.padded += padded;
        self.resends_pointless += pointless;
        self.resends_repeated += repeated;
        self.resends_over += over;
        self.lists_unread += unread;
    }
}
