//! What leaves, run by run, into a buffer of the caller's.

use std::time::Instant;

use super::Core;
use crate::media::egress::{MOST_BYTES, Run};
use crate::media::rtc::Transmit;
use crate::media::table::PeerKey;

impl Core {
    /// The next datagrams to send, for one destination: they are written into `out`, whatever that held, one behind the other;
    /// `most` of them at most. `None` if nothing more is to leave now.
    pub fn poll_transmit(&mut self, now: Instant, most: usize, out: &mut Vec<u8>) -> Option<Run> {
        out.clear();
        let most = most.max(1);
        if let Some(run) = self.poll_connections(most, out) {
            return Some(run);
        }
        if let Some(run) = self.mirror.poll(out) {
            return Some(run);
        }
        let now = self.advance(now);
        while let Some(key) = self.sending.front().copied() {
            let Some(peer) = self.peers.get_mut(key) else {
                self.sending.pop_front();
                continue;
            };
            let Some(connection) = &mut peer.connection else {
                self.stop_sending(key);
                continue;
            };
            let polled = connection.poll_media(now, most, &self.publications, out);
            // Asked here, because the answer is mostly no, and asking again for nothing is a quarter of what a packet costs.
            if matches!(polled, Ok(Some(_))) && connection.has_more_media(now) {
                return polled.ok().flatten();
            }
            self.counters.add_connection(connection);
            self.stop_sending(key);
            match polled {
                Ok(run) => {
                    self.mend(now, key);
                    self.reschedule_media(now, key);
                    if run.is_some() {
                        return run;
                    }
                }
                Err(ended) => self.lose(now, key, &ended),
            }
        }
        None
    }

    /// Everything that is to leave now, datagram by datagram: for whoever has no socket.
    pub fn drain_transmits(&mut self, now: Instant) -> Vec<Transmit> {
        /// As many as one call of the kernel takes.
        const MOST: usize = 64;
        let (mut all, mut run) = (Vec::new(), Vec::new());
        while let Some(Run { path, segment }) = self.poll_transmit(now, MOST, &mut run) {
            all.extend(run.chunks(segment).map(|contents| Transmit { path, contents: contents.to_vec() }));
        }
        all
    }

    fn stop_sending(&mut self, key: PeerKey) {
        self.sending.pop_front();
        if let Some(peer) = self.peers.get_mut(key) {
            peer.listed.sending = false;
        }
    }

    /// The next of what connections want sent themselves: those for one client are together.
    fn poll_connections(&mut self, most: usize, out: &mut Vec<u8>) -> Option<Run> {
        let mut run: Option<Run> = None;
        for transmit in self.transmits.iter().skip(self.transmitted).take(most) {
            let (path, bytes) = (transmit.path, transmit.contents.len());
            let run = run.get_or_insert(Run { path, segment: bytes });
            if run.path != path || bytes > run.segment || out.len() + bytes > MOST_BYTES {
                break;
            }
            out.extend_from_slice(&transmit.contents);
            self.transmitted += 1;
            if bytes < run.segment {
                break;
            }
        }
        if run.is_none() {
            self.transmits.clear();
            self.transmitted = 0;
        }
        run
    }
}
