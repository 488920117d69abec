//! SRTP and SRTCP of what leaves (RFC 3711, RFC 7714): in place, and nothing with a nonce that was used.
//!
//! A nonce is a source and an index: of media its roll-overs and sequence number, of reports a number that only rises. str0m seals
//! its own reports with the same keys, from a source of its own and with indices from 0: ours begin far above
//! ([`FIRST_REPORT`]), so not even an accident repeats one.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::{error::Unspecified, hmac};

use crate::media::rtp::Ssrc;
use crate::media::window::Window;

/// The index of our first report. str0m counts its own from 0 and sends some tens a second: it gets here after a year.
const FIRST_REPORT: u32 = 1 << 30;

/// Indices of reports have 31 bits (RFC 3711 section 3.4).
const REPORTS_END: u32 = 1 << 31;

/// The bit of an SRTCP index that says that the packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;

/// Bytes of a report that stay readable (RFC 3711 section 3.4).
const READABLE: usize = 8;

/// Bytes of the tag of AES-GCM.
const GCM_TAG: usize = 16;

/// Bytes of the tag of AES-CM with HMAC-SHA1-80.
const CM_TAG: usize = 10;

/// Bytes of the longest salt (RFC 3711 section 8.2); those of AES-GCM have 12.
pub const LONGEST_SALT: usize = 14;

/// Bytes of the key that authenticates with AES-CM.
pub const AUTHENTICATION_KEY: usize = 20;

/// How packets are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// `SRTP_AEAD_AES_128_GCM`
    Gcm128,
    /// `SRTP_AEAD_AES_256_GCM`
    Gcm256,
    /// `SRTP_AES128_CM_HMAC_SHA1_80`, for who has no other.
    Cm,
}

/// What was derived from a master key: for media, or for reports.
#[derive(Debug, Clone)]
pub struct SessionKey {
    /// The key.
    pub key: Vec<u8>,
    /// The salt, and zeros.
    pub salt: [u8; LONGEST_SALT],
    /// The key that authenticates, of AES-CM only.
    pub authentication: [u8; AUTHENTICATION_KEY],
}

/// Why a packet was not sealed. It must not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsealed {
    /// Two packets under one nonce would reveal each other (RFC 7714 section 10.1).
    #[error("the index was used before, or is too old to tell")]
    Repeated,
    /// The cryptography failed, or the packet is no packet.
    #[error("it cannot be sealed")]
    Failed,
}

impl From<Unspecified> for Unsealed {
    fn from(_: Unspecified) -> Unsealed {
        Unsealed::Failed
    }
}

/// One source (SSRC) and what of it was sealed: whoever counts its packets is not trusted with it.
#[derive(Debug)]
pub struct Sealed {
    /// The source.
    pub ssrc: Ssrc,
    used: Window,
}

impl Sealed {
    /// Nothing yet.
    #[must_use]
    pub fn new(ssrc: Ssrc) -> Sealed {
        Sealed { ssrc, used: Window::default() }
    }
}

/// Protects what leaves on one connection.
#[derive(Debug)]
pub struct Sealer {
    media: Cipher,
    reports: Cipher,
    next_report: u32,
}

#[derive(Debug)]
enum Cipher {
    Gcm {
        key: LessSafeKey,
        salt: [u8; aead::NONCE_LEN],
    },
    /// In a box: it is the larger one, and nearly nobody has it.
    Cm(Box<CounterMode>),
}

/// AES in counter mode with HMAC-SHA1.
#[derive(Debug)]
struct CounterMode {
    key: EncryptingKey,
    salt: [u8; LONGEST_SALT],
    authentication: hmac::Key,
}

impl Cipher {
    fn new(profile: Profile, session: &SessionKey) -> Result<Cipher, Unsealed> {
        let algorithm = match profile {
            Profile::Gcm128 => &aead::AES_128_GCM,
            Profile::Gcm256 => &aead::AES_256_GCM,
            Profile::Cm => {
                let key = UnboundCipherKey::new(&cipher::AES_128, &session.key)?;
                let authentication =
                    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &session.authentication);
                let (key, salt) = (EncryptingKey::ctr(key)?, session.salt);
                return Ok(Cipher::Cm(Box::new(CounterMode { key, salt, authentication })));
            }
        };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, &session.key)?);
        let salt = session.salt.first_chunk().copied().ok_or(Unsealed::Failed)?;
        Ok(Cipher::Gcm { key, salt })
    }

    fn tag(&self) -> usize {
        match self {
            Cipher::Gcm { .. } => GCM_TAG,
            Cipher::Cm(_) => CM_TAG,
        }
    }
}

impl Sealer {
    /// With the keys of one handshake.
    ///
    /// # Errors
    /// [`Unsealed::Failed`] if they are no keys of this profile.
    pub fn new(profile: Profile, media: &SessionKey, reports: &SessionKey) -> Result<Sealer, Unsealed> {
        let (media, reports) = (Cipher::new(profile, media)?, Cipher::new(profile, reports)?);
        Ok(Sealer { media, reports, next_report: FIRST_REPORT })
    }

    /// How many bytes sealing adds to a media packet.
    #[must_use]
    pub fn adds(&self) -> usize {
        self.media.tag()
    }

    /// Seals the media packet that `out` has from `at` on, with a header of `header` bytes. `index` is its sequence number with
    /// roll-overs.
    ///
    /// # Errors
    /// [`Unsealed`]; then `out` is as long as before the packet.
    pub fn seal(
        &self,
        source: &mut Sealed,
        index: u64,
        out: &mut Vec<u8>,
        at: usize,
        header: usize,
    ) -> Result<(), Unsealed> {
        let sealed = if source.used.take(index) {
            self.seal_new(source.ssrc, index, out, at, header)
        } else {
            Err(Unsealed::Repeated)
        };
        if sealed.is_err() {
            out.truncate(at);
        }
        sealed
    }

    fn seal_new(
        &self,
        Ssrc(ssrc): Ssrc,
        index: u64,
        out: &mut Vec<u8>,
        at: usize,
        header: usize,
    ) -> Result<(), Unsealed> {
        let packet = out.get_mut(at..).unwrap_or_default();
        let (clear, payload) = packet.split_at_mut_checked(header).ok_or(Unsealed::Failed)?;
        match &self.media {
            Cipher::Gcm { key, salt } => {
                let nonce = media_nonce(ssrc, index, salt);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&*clear), payload)?;
                out.extend_from_slice(tag.as_ref());
            }
            Cipher::Cm(counter) => {
                counter.key.less_safe_encrypt(payload, cm_context(ssrc, index, &counter.salt))?;
                let signed = counter.sign(index, packet);
                out.extend_from_slice(signed.as_ref().get(..CM_TAG).ok_or(Unsealed::Failed)?);
            }
        }
        Ok(())
    }

    /// Seals the compound RTCP packet that `out` has from `at` on.
    ///
    /// # Errors
    /// [`Unsealed`]; then `out` is as long as before the packet.
    pub fn seal_report(&mut self, out: &mut Vec<u8>, at: usize) -> Result<(), Unsealed> {
        let index = self.next_report;
        let sealed =
            if index < REPORTS_END { self.seal_report_as(index, out, at) } else { Err(Unsealed::Repeated) };
        self.next_report = index.saturating_add(1);
        if sealed.is_err() {
            out.truncate(at);
        }
        sealed
    }

    fn seal_report_as(&self, index: u32, out: &mut Vec<u8>, at: usize) -> Result<(), Unsealed> {
        let packet = out.get_mut(at..).unwrap_or_default();
        let (clear, rest) = packet.split_at_mut_checked(READABLE).ok_or(Unsealed::Failed)?;
        let ssrc = clear.last_chunk().copied().map(u32::from_be_bytes).ok_or(Unsealed::Failed)?;
        let trailer = (index | ENCRYPTED).to_be_bytes();
        match &self.reports {
            Cipher::Gcm { key, salt } => {
                let nonce = report_nonce(ssrc, index, salt);
                let tag = key.seal_in_place_separate_tag(nonce, report_aad(clear, trailer), rest)?;
                out.extend_from_slice(tag.as_ref());
                out.extend_from_slice(&trailer);
            }
            Cipher::Cm(counter) => {
                let CounterMode { key, salt, authentication } = &**counter;
                key.less_safe_encrypt(rest, cm_context(ssrc, index.into(), salt))?;
                out.extend_from_slice(&trailer);
                let tag = hmac::sign(authentication, out.get(at..).unwrap_or_default());
                out.extend_from_slice(tag.as_ref().get(..CM_TAG).ok_or(Unsealed::Failed)?);
            }
        }
        Ok(())
    }

    /// Opens a media packet that was sealed with these keys: its payload, behind a header of `header` bytes. `None` if it was not.
    #[must_use]
    pub fn open(&self, Ssrc(ssrc): Ssrc, index: u64, packet: &[u8], header: usize) -> Option<Vec<u8>> {
        match &self.media {
            Cipher::Gcm { key, salt } => {
                let (clear, rest) = packet.split_at_checked(header)?;
                opened(key, media_nonce(ssrc, index, salt), Aad::from(clear), rest)
            }
            Cipher::Cm(counter) => {
                let (signed, tag) = packet.split_at_checked(packet.len().checked_sub(CM_TAG)?)?;
                let mut payload = signed.get(header..)?.to_vec();
                if counter.sign(index, signed).as_ref().get(..CM_TAG)? != tag {
                    return None;
                }
                counter.key.less_safe_encrypt(&mut payload, cm_context(ssrc, index, &counter.salt)).ok()?;
                Some(payload)
            }
        }
    }

    /// Opens a compound RTCP packet that was sealed with these keys: its index and itself. `None` if it was not.
    #[must_use]
    pub fn open_report(&self, packet: &[u8]) -> Option<(u32, Vec<u8>)> {
        let signed = match &self.reports {
            Cipher::Gcm { .. } => packet,
            Cipher::Cm(_) => packet.get(..packet.len().checked_sub(CM_TAG)?)?,
        };
        let (sealed, trailer) = signed.split_last_chunk::<4>()?;
        let (clear, rest) = sealed.split_at_checked(READABLE)?;
        let ssrc = clear.last_chunk().copied().map(u32::from_be_bytes)?;
        let index = u32::from_be_bytes(*trailer) & !ENCRYPTED;
        let rest = match &self.reports {
            Cipher::Gcm { key, salt } => {
                opened(key, report_nonce(ssrc, index, salt), report_aad(clear, *trailer), rest)?
            }
            Cipher::Cm(counter) => {
                let CounterMode { key, salt, authentication } = &**counter;
                if hmac::sign(authentication, signed).as_ref().get(..CM_TAG)? != packet.get(signed.len()..)? {
                    return None;
                }
                let mut rest = rest.to_vec();
                key.less_safe_encrypt(&mut rest, cm_context(ssrc, index.into(), salt)).ok()?;
                rest
            }
        };
        Some((index, [clear, &rest].concat()))
    }
}

impl CounterMode {
    /// What authenticates a media packet. The roll-overs are authenticated, and not sent (RFC 3711 section 4.2).
    fn sign(&self, index: u64, packet: &[u8]) -> hmac::Tag {
        #[expect(clippy::cast_possible_truncation, reason = "the index has 48 bits")]
        let roll_overs = (index >> 16) as u32;
        let mut signed = hmac::Context::with_key(&self.authentication);
        signed.update(packet);
        signed.update(&roll_overs.to_be_bytes());
        signed.sign()
    }
}

/// The plain text of what AES-GCM sealed.
fn opened<A: AsRef<[u8]>>(key: &LessSafeKey, nonce: Nonce, aad: Aad<A>, sealed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = sealed.to_vec();
    let length = key.open_in_place(nonce, aad, &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

/// Two zeros, source, roll-overs, sequence number (RFC 7714 section 8.1).
fn media_nonce(ssrc: u32, index: u64, salt: &[u8; aead::NONCE_LEN]) -> Nonce {
    gcm_nonce((u128::from(ssrc) << 48) | u128::from(index & 0xffff_ffff_ffff), salt)
}

/// Two zeros, source, two zeros, index (RFC 7714 section 9.1).
fn report_nonce(ssrc: u32, index: u32, salt: &[u8; aead::NONCE_LEN]) -> Nonce {
    gcm_nonce((u128::from(ssrc) << 48) | u128::from(index), salt)
}

/// What of a report is authenticated and readable, and its index (RFC 7714 section 9.2).
fn report_aad(clear: &[u8], trailer: [u8; 4]) -> Aad<[u8; READABLE + 4]> {
    let mut aad = [0; READABLE + 4];
    let parts = clear.iter().chain(&trailer);
    aad.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
    Aad::from(aad)
}

/// The low 96 bits of `plain`, hidden by the salt.
fn gcm_nonce(plain: u128, salt: &[u8; aead::NONCE_LEN]) -> Nonce {
    let mut nonce = *salt;
    let bytes = plain.to_be_bytes();
    nonce.iter_mut().zip(bytes.iter().skip(4)).for_each(|(to, from)| *to ^= from);
    Nonce::assume_unique_for_key(nonce)
}

/// The salt, the source and the index (RFC 3711 section 4.1.1); the last two bytes count blocks.
fn cm_context(ssrc: u32, index: u64, salt: &[u8; LONGEST_SALT]) -> EncryptionContext {
    let plain = (u128::from(ssrc) << 64) | (u128::from(index & 0xffff_ffff_ffff) << 16);
    let mut iv = plain.to_be_bytes();
    iv.iter_mut().zip(salt).for_each(|(to, from)| *to ^= from);
    EncryptionContext::Iv128(iv.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSRC: Ssrc = Ssrc(0xdead_beef);

    fn session(profile: Profile) -> SessionKey {
        let length = if profile == Profile::Gcm256 { 32 } else { 16 };
        SessionKey { key: (0..length).collect(), salt: [3; LONGEST_SALT], authentication: [5; 20] }
    }

    fn sealer(profile: Profile) -> Sealer {
        Sealer::new(profile, &session(profile), &session(profile)).expect("keys")
    }

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).expect("hexadecimal")
    }

    const ALL: [Profile; 3] = [Profile::Gcm128, Profile::Gcm256, Profile::Cm];

    #[test]
    fn media_is_sealed_as_the_rfc_has_it() {
        // RFC 7714 sections 16.1.1 (AES-128-GCM) and 16.2.1 (AES-256-GCM).
        let packet = hex("8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976697361206\
             96e207061727465732074726573");
        let key: Vec<u8> = (0..32).collect();
        let salt = hex("517569642070726f2071756f0000").try_into().expect("14 bytes");
        for (profile, length, sealed) in [
            (
                Profile::Gcm128,
                16,
                "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf\
                 8833899d7f27beb16a9152cf765ee4390cce",
            ),
            (
                Profile::Gcm256,
                32,
                "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799\
                 b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
            ),
        ] {
            let session = SessionKey { key: key[..length].to_vec(), salt, authentication: [0; 20] };
            let sealer = Sealer::new(profile, &session, &session).expect("keys");
            let (mut out, mut source) = (packet.clone(), Sealed::new(Ssrc(0x5501_a0b2)));
            sealer.seal(&mut source, 0xf17b, &mut out, 0, 12).expect("sealed");
            assert_eq!(out, hex(sealed), "{profile:?}");
        }
    }

    #[test]
    fn an_index_is_sealed_once_and_what_is_refused_leaves_nothing_behind() {
        for profile in ALL {
            let (sealer, mut source) = (sealer(profile), Sealed::new(SSRC));
            let mut out = vec![9; 4];
            for index in [65_534, 65_536, 65_535] {
                let at = out.len();
                out.extend_from_slice(&[0x80; 100]);
                sealer.seal(&mut source, index, &mut out, at, 12).expect("a new index");
                assert_eq!(out.len(), at + 100 + sealer.adds());
            }
            let opened = |at: usize, index| sealer.open(SSRC, index, &out[at..at + 100 + sealer.adds()], 12);
            assert_eq!(opened(4, 65_534), Some(vec![0x80; 88]), "{profile:?}");
            assert_eq!((opened(4, 65_534 + 65_536), opened(5, 65_534)), (None, None), "it is no other one");
            let at = out.len();
            out.extend_from_slice(&[0x80; 100]);
            assert_eq!(sealer.seal(&mut source, 65_535, &mut out, at, 12), Err(Unsealed::Repeated));
            assert_eq!(out.len(), at);
            out.extend_from_slice(&[0x80; 11]);
            assert_eq!(sealer.seal(&mut source, 70_000, &mut out, at, 12), Err(Unsealed::Failed));
            assert_eq!(out.len(), at);
        }
    }

    #[test]
    fn reports_have_indices_that_rise_to_the_last_and_no_further() {
        for profile in ALL {
            let mut sealer = sealer(profile);
            let index = |out: &[u8]| {
                let after = if profile == Profile::Cm { CM_TAG } else { 0 };
                let end = out.len() - after;
                u32::from_be_bytes(out[end - 4..end].try_into().expect("four bytes")) & !ENCRYPTED
            };
            for number in 0..3 {
                let mut out = vec![0x80; 28];
                sealer.seal_report(&mut out, 0).expect("a report");
                assert_eq!(index(&out), FIRST_REPORT + number);
                assert_eq!(out[..READABLE], [0x80; READABLE]);
                assert_eq!(sealer.open_report(&out), Some((FIRST_REPORT + number, vec![0x80; 28])));
                out[20] ^= 1;
                assert_eq!(sealer.open_report(&out), None, "{profile:?}");
            }
            sealer.next_report = REPORTS_END - 1;
            let mut out = vec![0x80; 28];
            sealer.seal_report(&mut out, 0).expect("the last one");
            out.truncate(28);
            assert_eq!(sealer.seal_report(&mut out, 0), Err(Unsealed::Repeated));
            assert!(out.is_empty());
        }
    }

    #[test]
    fn keys_of_another_length_are_none() {
        let short = SessionKey { key: vec![1; 7], ..session(Profile::Cm) };
        for profile in ALL {
            assert_eq!(Sealer::new(profile, &short, &short).err(), Some(Unsealed::Failed), "{profile:?}");
        }
    }
}
