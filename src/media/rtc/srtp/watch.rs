//! What passes the cryptography during one call into str0m. The ciphers are made and called by str0m, behind static providers
//! that know no connection; but a connection is driven by one thread at a time, so what is noted on the thread between
//! [`Watch::begin`] and [`Watch::end`] is that connection's. There is no other thread-local state of SRTP.

use std::cell::RefCell;
use std::marker::PhantomData;

use super::heeded::{READABLE, keep};
use super::is_rtcp;
use super::keys::Verifier;
use crate::media::egress::seal::{Sealer, SessionKey};

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is noted")]
struct Noted {
    /// The readable beginning of the SRTCP packet that str0m was given, if it was one, and then all of its plain text.
    report: Vec<u8>,
    /// It was given SRTCP.
    is_report: bool,
    /// Of which it is to see what it needs only.
    spares: bool,
    /// What it was given was authenticated.
    authentic: bool,
    /// The client's keys, since a handshake ended.
    keys: Option<Verifier>,
    /// Ours, until the ciphers are made.
    ours: Vec<SessionKey>,
    /// What seals with ours, since a handshake ended.
    sealer: Option<Sealer>,
    /// A nonce came again: what was to be sealed with it must not leave.
    repeated: bool,
    /// How many data streams the client has used, since it used another one.
    streams: Option<usize>,
}

thread_local! {
    static NOTED: RefCell<Noted> = const {
        RefCell::new(Noted {
            report: Vec::new(),
            is_report: false,
            spares: false,
            authentic: false,
            keys: None,
            ours: Vec::new(),
            sealer: None,
            repeated: false,
            streams: None,
        })
    };
}

/// From before a call into str0m until after it.
#[derive(Debug)]
pub(in super::super) struct Watch {
    /// It is about this thread.
    _here: PhantomData<*const ()>,
}

/// What passed.
#[derive(Debug)]
pub(in super::super) struct Watched {
    /// The datagram was SRTP or SRTCP, and was authenticated.
    pub authentic: bool,
    /// A handshake ended: what the client encrypts with.
    pub(super) keys: Option<Verifier>,
    /// And what seals with ours.
    pub(super) sealer: Option<Sealer>,
    /// How many data streams the client has used by now, if it used another one.
    pub streams: Option<usize>,
}

#[expect(clippy::unused_self, reason = "what it stands for is on the thread")]
impl Watch {
    /// str0m is given `datagram`, or nothing. If it `spares` itself what it does not need of reports, it sees no more of them.
    pub(in super::super) fn begin(datagram: &[u8], spares: bool) -> Watch {
        NOTED.with_borrow_mut(|noted| {
            (noted.is_report, noted.spares) = (is_rtcp(datagram), spares);
            noted.report.clear();
            if noted.is_report {
                noted.report.extend_from_slice(datagram.get(..READABLE).unwrap_or_default());
            }
            (noted.authentic, noted.keys, noted.repeated) = (false, None, false);
            noted.ours.clear();
            (noted.sealer, noted.streams) = (None, None);
        });
        Watch { _here: PhantomData }
    }

    /// Reads the datagram's plain text if it was SRTCP that was authenticated: a compound RTCP packet (RFC 3550 section 6.1), or
    /// what the client sent in place of one.
    pub(in super::super) fn report<T>(&self, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        NOTED.with_borrow(|noted| (noted.is_report && noted.authentic).then(|| read(&noted.report)))
    }

    /// str0m is done with it.
    pub(in super::super) fn end(self) -> Watched {
        NOTED.with_borrow_mut(|noted| Watched {
            authentic: noted.authentic,
            keys: noted.keys.take(),
            sealer: noted.sealer.take(),
            streams: noted.streams.take(),
        })
    }
}

/// Whether a nonce came again in this call. What was to be sealed with it must not leave.
pub(in super::super) fn take_repeated() -> bool {
    NOTED.with_borrow_mut(|noted| std::mem::take(&mut noted.repeated))
}

/// Something was authenticated and decrypted to `plain`.
pub(super) fn decrypted(plain: &[u8]) {
    NOTED.with_borrow_mut(|noted| {
        noted.authentic = true;
        if noted.is_report {
            noted.report.extend_from_slice(plain);
        }
    });
}

/// How much of `plain`, which was noted, str0m is to see, from its front on: of a report no more than it needs.
pub(super) fn spared(plain: &mut [u8]) -> usize {
    let head = NOTED
        .with_borrow(|noted| noted.report.first_chunk().copied().filter(|_| noted.is_report && noted.spares));
    head.map_or(plain.len(), |head| keep(head, plain))
}

/// A handshake ended with these keys: the client's, and ours, which `sealer` has too.
pub(super) fn agreed(theirs: Option<Verifier>, ours: Vec<SessionKey>, sealer: Option<Sealer>) {
    NOTED.with_borrow_mut(|noted| (noted.keys, noted.ours, noted.sealer) = (theirs, ours, sealer));
}

/// The key of ours that is `key`, with its salt, if a handshake ended with it.
pub(super) fn take_ours(key: &[u8]) -> Option<SessionKey> {
    NOTED.with_borrow_mut(|noted| {
        let at = noted.ours.iter().position(|ours| ours.key == key)?;
        Some(noted.ours.swap_remove(at))
    })
}

/// The client used another data stream, and so many by now.
pub(super) fn used_streams(count: usize) {
    NOTED.with_borrow_mut(|noted| noted.streams = Some(count));
}

/// A nonce came again.
pub(super) fn repeated() {
    NOTED.with_borrow_mut(|noted| noted.repeated = true);
}

/// The plain text of the last SRTCP packet, as [`Watch::report`] tells it.
#[cfg(test)]
pub(in super::super) fn last_report() -> Option<Vec<u8>> {
    Watch { _here: PhantomData }.report(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use str0m::crypto::{AeadAes128Gcm, AeadAes256Gcm, Aes128CmSha1_80};

    use super::super::ciphers::provider;
    use super::*;

    /// A receiver report and what follows its readable beginning.
    const HEAD: [u8; READABLE] = [0x81, 201, 0, 7, 0, 0, 0, 9];
    const REST: [u8; 24] = [5; 24];

    /// What is seen of `open` while str0m is given `datagram`: the report, and whether anything was authentic.
    fn seen(datagram: &[u8], open: impl FnOnce()) -> (Option<Vec<u8>>, bool) {
        let watch = Watch::begin(datagram, false);
        open();
        let report = watch.report(<[u8]>::to_vec);
        (report, watch.end().authentic)
    }

    #[test]
    fn a_report_is_seen_whole_with_every_cipher_and_only_if_it_is_authentic() {
        let srtp = provider().srtp_provider;
        let whole = [&HEAD[..], &REST[..]].concat();
        let (iv, ctr) = ([1; 12], [1; 16]);
        // The index follows what is readable (RFC 7714 section 9.2).
        let aad = [&HEAD[..], &[0x80, 0, 0, 1]].concat();
        let mut cm = srtp.aes_128_cm_sha1_80().create_cipher([3; Aes128CmSha1_80::KEY_LEN], false);
        let opened = seen(&HEAD, || cm.decrypt(&ctr, &REST, &mut [0; 64]).expect("it has no tag"));
        assert!(opened.1 && opened.0.is_some_and(|report| report.len() == whole.len()));
        // The two of AES-GCM check themselves what they open.
        macro_rules! check {
            ($gcm:ident, $profile:ident) => {
                let key = [3; $profile::KEY_LEN];
                let (mut ours, mut theirs) =
                    (srtp.$gcm().create_cipher(key, true), srtp.$gcm().create_cipher(key, false));
                let mut sealed = [0; REST.len() + $profile::TAG_LEN];
                ours.encrypt(&iv, &aad, &REST, &mut sealed).expect("sealed");
                let mut open = |sealed: &[u8]| {
                    let _ = theirs.decrypt(&iv, &[&aad], sealed, &mut [0; 24]);
                };
                assert_eq!(seen(&HEAD, || open(&sealed)), (Some(whole.clone()), true));
                assert_eq!(seen(&[0x80, 96], || open(&sealed)), (None, true), "it was media");
                sealed[3] ^= 1;
                assert_eq!(seen(&HEAD, || open(&sealed)), (None, false), "it was forged");
            };
        }
        check!(aead_aes_128_gcm, AeadAes128Gcm);
        check!(aead_aes_256_gcm, AeadAes256Gcm);
    }
}
