//! The keys of one connection: what they are derived to, and whether a packet was made with the client's.
//!
//! str0m maps a source to its m-line before it decrypts anything. So whoever can put a client's address on a datagram,
//! without any key, could make state there by the thousand, or move a person's line to a source that does not exist: from
//! then on the real one is not heard. So the packets of a source nobody knows yet are authenticated before str0m sees them.
//! Only the first packet of a source costs a second decryption.

use str0m::crypto::dtls::SrtpProfile;
use str0m::crypto::{
    AeadAes128Gcm, AeadAes128GcmCipher, AeadAes256Gcm, AeadAes256GcmCipher, Aes128CmSha1_80, SrtpProvider,
};

use crate::media::egress::seal::{Profile, SessionKey};
use crate::media::rtc::crypto;
use crate::media::rtp::Ssrc;

/// Labels of the keys derived from the master key (RFC 3711 section 4.3.1).
const CIPHER_KEY: u8 = 0;
const AUTHENTICATION_KEY: u8 = 1;
const SALT: u8 = 2;

/// The labels of reports are this much higher.
const REPORTS: u8 = 3;

/// Bytes of the RTP header without what is optional (RFC 3550 section 5.1).
const FIXED_HEADER: usize = 12;

/// What the other end encrypts its media with.
#[derive(Debug)]
pub(super) struct Verifier {
    keys: Keys,
    /// For the plain text, which nobody reads.
    scratch: Vec<u8>,
}

#[derive(Debug)]
enum Keys {
    Cm { authentication: [u8; Aes128CmSha1_80::HMAC_KEY_LEN] },
    Gcm128 { salt: [u8; AeadAes128Gcm::SALT_LEN], cipher: Box<dyn AeadAes128GcmCipher> },
    Gcm256 { salt: [u8; AeadAes256Gcm::SALT_LEN], cipher: Box<dyn AeadAes256GcmCipher> },
}

impl Verifier {
    /// The other end's keys from what DTLS exported (RFC 5764 section 4.2); `client` if the other end is the DTLS client.
    pub(super) fn new(material: &[u8], profile: SrtpProfile, client: bool) -> Option<Verifier> {
        let provider = crypto::inner().srtp_provider;
        let keys = match profile {
            SrtpProfile::AES128_CM_SHA1_80 => {
                let master = Master::read::<16, 14>(material, client)?;
                Keys::Cm { authentication: master.derive(provider, AUTHENTICATION_KEY) }
            }
            SrtpProfile::AEAD_AES_128_GCM => {
                let master = Master::read::<16, 12>(material, client)?;
                let key = master.derive(provider, CIPHER_KEY);
                let cipher = provider.aead_aes_128_gcm().create_cipher(key, false);
                Keys::Gcm128 { salt: master.derive(provider, SALT), cipher }
            }
            SrtpProfile::AEAD_AES_256_GCM => {
                let master = Master::read::<32, 12>(material, client)?;
                let key = master.derive(provider, CIPHER_KEY);
                let cipher = provider.aead_aes_256_gcm().create_cipher(key, false);
                Keys::Gcm256 { salt: master.derive(provider, SALT), cipher }
            }
            _ => return None,
        };
        Some(Verifier { keys, scratch: Vec::new() })
    }

    /// How many bytes follow the index of an SRTCP packet: the tag of AES-CM (RFC 3711 section 3.4); that of AES-GCM is in front
    /// of it (RFC 7714 section 9.3).
    pub(super) fn after_index(&self) -> usize {
        match self.keys {
            Keys::Cm { .. } => Aes128CmSha1_80::HMAC_TAG_LEN,
            Keys::Gcm128 { .. } | Keys::Gcm256 { .. } => 0,
        }
    }

    /// Whether the other end made this packet, the first that is known of its source: its sequence number has not wrapped
    /// yet.
    pub(super) fn authenticates(&mut self, datagram: &[u8]) -> bool {
        let Some((header, rest)) = split(datagram) else { return false };
        let (Some(ssrc), Some(seq)) = (ssrc(header), sequence_number(header)) else { return false };
        self.scratch.resize(rest.len(), 0);
        match &mut self.keys {
            Keys::Cm { authentication } => {
                let tag = datagram.len().checked_sub(Aes128CmSha1_80::HMAC_TAG_LEN);
                let Some((signed, tag)) = tag.and_then(|at| datagram.split_at_checked(at)) else {
                    return false;
                };
                rest.len() >= tag.len()
                    && Aes128CmSha1_80::rtp_verify(
                        crypto::sha1_hmac,
                        authentication,
                        signed,
                        u64::from(seq),
                        tag,
                    )
            }
            Keys::Gcm128 { salt, cipher } => {
                let iv = AeadAes128Gcm::rtp_iv(*salt, ssrc.0, 0, seq);
                rest.len() >= AeadAes128Gcm::TAG_LEN
                    && cipher.decrypt(&iv, &[header], rest, &mut self.scratch).is_ok()
            }
            Keys::Gcm256 { salt, cipher } => {
                let iv = AeadAes256Gcm::rtp_iv(*salt, ssrc.0, 0, seq);
                rest.len() >= AeadAes256Gcm::TAG_LEN
                    && cipher.decrypt(&iv, &[header], rest, &mut self.scratch).is_ok()
            }
        }
    }
}

/// What one end encrypts with: for media, and for reports; `client` if that end is the DTLS client.
pub(super) fn session_keys(material: &[u8], profile: SrtpProfile, client: bool) -> Option<Vec<SessionKey>> {
    let keys = [0, REPORTS];
    Some(match profile {
        SrtpProfile::AES128_CM_SHA1_80 => {
            let master = Master::read::<16, 14>(material, client)?;
            keys.map(|label| master.session::<16, 14>(label)).into()
        }
        SrtpProfile::AEAD_AES_128_GCM => {
            let master = Master::read::<16, 12>(material, client)?;
            keys.map(|label| master.session::<16, 12>(label)).into()
        }
        SrtpProfile::AEAD_AES_256_GCM => {
            let master = Master::read::<32, 12>(material, client)?;
            keys.map(|label| master.session::<32, 12>(label)).into()
        }
        _ => return None,
    })
}

/// What seals as a profile of DTLS says.
pub(super) fn sealing(profile: SrtpProfile) -> Option<Profile> {
    match profile {
        SrtpProfile::AES128_CM_SHA1_80 => Some(Profile::Cm),
        SrtpProfile::AEAD_AES_128_GCM => Some(Profile::Gcm128),
        SrtpProfile::AEAD_AES_256_GCM => Some(Profile::Gcm256),
        _ => None,
    }
}

/// The source of an RTP packet.
pub(super) fn ssrc(packet: &[u8]) -> Option<Ssrc> {
    Some(Ssrc(u32::from_be_bytes(packet.get(8..12)?.try_into().ok()?)))
}

fn sequence_number(packet: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?))
}

/// An RTP packet's header, with contributing sources and extensions, and the rest.
fn split(packet: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = *packet.first()?;
    let mut length = FIXED_HEADER + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let words = u16::from_be_bytes(packet.get(length + 2..length + 4)?.try_into().ok()?);
        length += 4 + 4 * usize::from(words);
    }
    packet.split_at_checked(length)
}

/// A master key and its salt.
#[derive(Debug)]
struct Master<'a> {
    key: &'a [u8],
    salt: &'a [u8],
}

impl<'a> Master<'a> {
    /// Of a client's and a server's key of `KEY` bytes, and a client's and a server's salt of `SALT`.
    fn read<const KEY: usize, const SALT: usize>(material: &'a [u8], client: bool) -> Option<Master<'a>> {
        let other = usize::from(!client);
        let key = material.get(KEY * other..)?.get(..KEY)?;
        let salt = material.get(2 * KEY + SALT * other..)?.get(..SALT)?;
        Some(Master { key, salt })
    }

    /// A key of ours, and its salt of `SALT_LENGTH` bytes. `label` is that of the key.
    fn session<const KEY: usize, const SALT_LENGTH: usize>(&self, label: u8) -> SessionKey {
        let provider = crypto::inner().srtp_provider;
        let salt: [u8; SALT_LENGTH] = self.derive(provider, label + SALT);
        let mut salt = salt.into_iter();
        let key: [u8; KEY] = self.derive(provider, label + CIPHER_KEY);
        SessionKey {
            key: key.into(),
            salt: std::array::from_fn(|_| salt.next().unwrap_or_default()),
            authentication: self.derive(provider, label + AUTHENTICATION_KEY),
        }
    }

    /// The session key of a label (RFC 3711 section 4.3.3): AES in counter mode over nothing.
    fn derive<const N: usize>(&self, provider: &dyn SrtpProvider, label: u8) -> [u8; N] {
        let mut input = [0; 16];
        for (byte, salt) in input.iter_mut().zip(self.salt) {
            *byte = *salt;
        }
        if let Some(byte) = input.get_mut(7) {
            *byte ^= label;
        }
        let mut key = [0; N];
        for (round, chunk) in (0_u8..).zip(key.chunks_mut(16)) {
            if let Some(byte) = input.last_mut() {
                *byte = round;
            }
            // The provider puts a block of padding behind the one we want.
            let mut block = [0; 32];
            if self.key.len() == 16 {
                provider.srtp_aes_128_ecb_round(self.key, &input, &mut block);
            } else {
                provider.srtp_aes_256_ecb_round(self.key, &input, &mut block);
            }
            for (byte, made) in chunk.iter_mut().zip(block) {
                *byte = made;
            }
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn session_keys_are_those_of_the_rfc() {
        // RFC 3711 appendix B.3.
        let key =
            [0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41, 0x39];
        let salt = [0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6];
        let master = Master { key: &key, salt: &salt };
        let provider = crypto::inner().srtp_provider;
        let cipher: [u8; 16] = master.derive(provider, CIPHER_KEY);
        assert_eq!(cipher.first_chunk(), Some(&[0xc6, 0x1e, 0x7a, 0x93]));
        let derived: [u8; 14] = master.derive(provider, SALT);
        assert_eq!(derived.first_chunk(), Some(&[0x30, 0xcb, 0xbc, 0x08]));
        let authentication: [u8; 20] = master.derive(provider, AUTHENTICATION_KEY);
        assert_eq!(authentication.first_chunk(), Some(&[0xce, 0xbe, 0x32, 0x1f]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_a_fault(datagram in prop::collection::vec(any::<u8>(), 0..80)) {
            let material: Vec<u8> = (0..88).collect();
            for profile in SrtpProfile::ALL {
                let mut verifier = Verifier::new(&material, *profile, true).expect("enough material");
                prop_assert!(!verifier.authenticates(&datagram));
            }
        }
    }
}
