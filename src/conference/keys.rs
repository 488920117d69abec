//! The server's key, and what the server vouches for with it: ids it drew, tokens it gave, rooms it made for somebody.
//!
//! Nothing of that is kept: it is computed again when somebody shows it, also by the next process with the same key.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};

use super::{Entropy, UnixTime};

/// Bytes of the random part of an id: at a million guesses a second and ten thousand rooms one is found in fifty years, on
/// average.
const DRAWN_BYTES: usize = 8;

/// Characters of the random part.
const DRAWN_CHARS: usize = 13;

/// Bytes of what shows that an id was drawn here. Who guesses it has made an empty room, which anybody may: it is there so
/// that a link with a mistake is not one more room, and so that guesses are counted.
const CHECK_BYTES: usize = 5;

/// Characters of that.
const CHECK_CHARS: usize = 8;

/// Characters of an id after those of its name, both dashes included.
pub(super) const ENDING_CHARS: usize = 1 + CHECK_CHARS + 1 + DRAWN_CHARS;

/// Bytes of what a room is called in the log: of a million rooms two have the same once in five hundred times.
const MARK_BYTES: usize = 6;

/// Bytes of an HMAC-SHA-256.
const MAC_BYTES: usize = 32;

/// The one secret of a server. What is made with it is good as long as the server has the same one.
#[derive(Clone)]
pub struct MasterKey(hmac::Key);

impl MasterKey {
    /// Its length.
    pub const BYTES: usize = 32;

    /// Takes random bytes.
    #[must_use]
    pub fn new(bytes: &[u8; Self::BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// What is the same for the same key, and for no other.
    #[cfg(test)]
    pub(crate) fn fingerprint(&self) -> String {
        base32(hmac::sign(&self.0, b"fingerprint").as_ref())
    }

    /// A key for one use: what is made for one says nothing to another. An HMAC under a random key is a fit function for
    /// that (NIST SP 800-108).
    fn derive(&self, purpose: &str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&self.0, purpose.as_bytes()).as_ref())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(secret)")
    }
}

/// The keys in use.
#[derive(Debug)]
pub(super) struct Keys {
    rooms: hmac::Key,
    owners: hmac::Key,
    tokens: hmac::Key,
    browsers: hmac::Key,
    marks: hmac::Key,
}

impl Keys {
    /// All from one.
    pub(super) fn new(master: &MasterKey) -> Self {
        Self {
            rooms: master.derive("plenary room id"),
            owners: master.derive("plenary room owner"),
            tokens: master.derive("plenary resume token"),
            browsers: master.derive("plenary browser"),
            marks: master.derive("plenary room mark"),
        }
    }

    /// A new id for a room that is not listed: its name, eight characters that show that it was drawn here, and 64 random
    /// bits.
    pub(super) fn draw_id(&self, slug: &str, entropy: &mut Entropy) -> String {
        let mut bytes = [0; DRAWN_BYTES];
        entropy(&mut bytes);
        let drawn = base32(&bytes);
        let dash = if slug.is_empty() { "" } else { "-" };
        format!("{slug}{dash}{}-{drawn}", self.check(slug, &drawn))
    }

    /// The name inside an id that was drawn here, empty if it has none; `None` for any other text. The same is done for every text of one
    /// length, whatever is wrong with it.
    pub(super) fn drawn_id<'a>(&self, id: &'a str) -> Option<&'a str> {
        let mut parts = id.rsplitn(3, '-');
        let mut next = || parts.next();
        let (drawn, check, slug) = (next().unwrap_or_default(), next().unwrap_or_default(), next());
        let right =
            verify_slices_are_equal(self.check(slug.unwrap_or_default(), drawn).as_bytes(), check.as_bytes());
        // An id without a name begins with no dash.
        (right.is_ok() && drawn.len() == DRAWN_CHARS && slug != Some("")).then(|| slug.unwrap_or_default())
    }

    fn check(&self, slug: &str, drawn: &str) -> String {
        let tag = hmac::sign(&self.rooms, format!("{slug}-{drawn}").as_bytes());
        base32(tag.as_ref().get(..CHECK_BYTES).unwrap_or_default())
    }

    /// What proves that one made the room `id` at `created_at`.
    pub(super) fn owner_secret(&self, id: &str, created_at: UnixTime) -> String {
        let created_at = created_at.as_millis().to_be_bytes();
        let tag = hmac::sign(&self.owners, &[&created_at, id.as_bytes()].concat());
        BASE64URL_NOPAD.encode(&[&created_at, tag.as_ref()].concat())
    }

    /// When the room `id` was made by whom this secret was given; `None` if it was not given to whoever made such a room.
    pub(super) fn owner_since(&self, id: &str, secret: &str) -> Option<UnixTime> {
        let (created_at, tag) = read::<8>(secret)?;
        hmac::verify(&self.owners, &[&created_at, id.as_bytes()].concat(), &tag).ok()?;
        Some(UnixTime::from_millis(u64::from_be_bytes(created_at)))
    }

    /// What the log calls the room `id`, which is its link: whoever reads this can tell rooms apart and get into none.
    pub(super) fn mark(&self, id: &str) -> String {
        let tag = hmac::sign(&self.marks, id.as_bytes());
        base32(tag.as_ref().get(..MARK_BYTES).unwrap_or_default())
    }

    /// What is kept of the name that a page gives its browser: whoever reads it cannot pass for that browser.
    pub(super) fn browser(&self, name: &str) -> [u8; 16] {
        let tag = hmac::sign(&self.browsers, name.as_bytes());
        let mut kept = [0; 16];
        kept.iter_mut().zip(tag.as_ref()).for_each(|(kept, byte)| *kept = *byte);
        kept
    }

    /// A token for the room `id` that says `claims`.
    pub(super) fn seal_token<const N: usize>(&self, id: &str, claims: [u8; N]) -> String {
        let tag = hmac::sign(&self.tokens, &[&claims, id.as_bytes()].concat());
        BASE64URL_NOPAD.encode(&[&claims, tag.as_ref()].concat())
    }

    /// What a token says, if it was given here and for the room `id`.
    pub(super) fn open_token<const N: usize>(&self, id: &str, token: &str) -> Option<[u8; N]> {
        let (claims, tag) = read::<N>(token)?;
        hmac::verify(&self.tokens, &[&claims, id.as_bytes()].concat(), &tag).ok()?;
        Some(claims)
    }
}

/// In lower case, as ids are (RFC 4648 section 6).
fn base32(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}

/// So many bytes and the HMAC after them, of a text that may be anything.
fn read<const N: usize>(text: &str) -> Option<([u8; N], [u8; MAC_BYTES])> {
    // Longer ones are not even decoded.
    if text.len() != BASE64URL_NOPAD.encode_len(N + MAC_BYTES) {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let (said, tag) = bytes.split_at_checked(N)?;
    Some((said.try_into().ok()?, tag.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn keys(byte: u8) -> Keys {
        Keys::new(&MasterKey::new(&[byte; MasterKey::BYTES]))
    }

    fn entropy() -> Entropy {
        let mut next = 0_u64;
        Box::new(move |bytes| {
            next += 1;
            let drawn = next.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
            bytes.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
        })
    }

    #[test]
    fn an_id_keeps_its_name_readable_and_ends_in_64_bits_of_its_own() {
        let (keys, mut entropy) = (keys(1), entropy());
        let ids: BTreeSet<String> = (0..1_000).map(|_| keys.draw_id("team-room", &mut entropy)).collect();
        assert_eq!(ids.len(), 1_000, "every room has an id of its own");
        let endings: BTreeSet<&str> = ids.iter().map(|id| id.rsplit('-').next().unwrap()).collect();
        assert_eq!(endings.len(), 1_000);
        for id in &ids {
            assert_eq!(keys.drawn_id(id), Some("team-room"));
            let ending = id.strip_prefix("team-room").unwrap();
            assert_eq!(ending.len(), ENDING_CHARS);
            assert!(ending.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7' | b'-')), "{id}");
            assert_eq!(ending.rsplit('-').next().unwrap().len(), DRAWN_CHARS);
        }
    }

    #[test]
    fn a_name_that_cannot_be_said_leaves_the_random_part_alone() {
        let (keys, mut entropy) = (keys(1), entropy());
        let id = keys.draw_id("", &mut entropy);
        assert_eq!((id.len(), keys.drawn_id(&id)), (CHECK_CHARS + 1 + DRAWN_CHARS, Some("")));
        for wrong in [format!("-{id}"), format!("a-{id}"), id[1..].to_owned(), format!("{id}-")] {
            assert_eq!(keys.drawn_id(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_bit_that_was_drawn_is_in_the_id() {
        let keys = keys(1);
        let ending = |bit: usize| {
            let id = keys.draw_id(
                "a",
                &mut (Box::new(move |bytes: &mut [u8]| {
                    bytes.fill(0);
                    bytes[bit / 8] = 1 << (bit % 8);
                }) as Entropy),
            );
            id.rsplit('-').next().unwrap().to_owned()
        };
        let endings: BTreeSet<String> = (0..64).map(ending).collect();
        assert_eq!(endings.len(), 64);
    }

    #[test]
    fn no_other_text_is_an_id_that_was_drawn_here() {
        let (keys, mut entropy) = (keys(1), entropy());
        let id = keys.draw_id("team-room", &mut entropy);
        assert_eq!(super::tests::keys(2).drawn_id(&id), None, "another server's");
        let other = id.replace("team-room", "team-rooms");
        for wrong in
            ["", "-", "--", "den", "team-room", &other, &format!("{id}a"), &format!("x{id}"), &id[1..]]
        {
            assert_eq!(keys.drawn_id(wrong), None, "{wrong}");
        }
        for at in 0..id.len() {
            let mut bytes = id.clone().into_bytes();
            bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
            assert_eq!(keys.drawn_id(&String::from_utf8(bytes).unwrap()), None, "character {at}");
        }
    }

    const MADE: UnixTime = UnixTime::from_millis(1_795_257_403_000);

    #[test]
    fn a_secret_is_good_for_the_room_it_was_given_for_and_tells_when_that_was_made() {
        let keys = keys(1);
        let secret = keys.owner_secret("den", MADE);
        assert_eq!(keys.owner_since("den", &secret), Some(MADE));
        assert_eq!(super::tests::keys(1).owner_since("den", &secret), Some(MADE), "a restart");
        assert_eq!(super::tests::keys(2).owner_since("den", &secret), None);
        assert_eq!(keys.owner_since("attic", &secret), None);
        assert_eq!(keys.open_token::<8>("den", &secret), None, "a secret is no token");
    }

    proptest! {
        #[test]
        fn a_token_says_what_it_was_given_with_and_no_other_text_says_anything(
            claims: [u8; 40], id in "[a-z-]{1,20}", at in 0_usize..96, letter in "[A-Za-z0-9_-]", noise in ".{0,120}",
        ) {
            let keys = keys(1);
            let token = keys.seal_token(&id, claims);
            prop_assert_eq!(keys.open_token(&id, &token), Some(claims));
            prop_assert_eq!(keys.open_token::<40>(&format!("{id}x"), &token), None);
            prop_assert_eq!(super::tests::keys(2).open_token::<40>(&id, &token), None);
            prop_assert_eq!(keys.open_token::<40>(&id, &noise), None);
            prop_assert_eq!(keys.owner_since(&id, &token), None);
            let mut forged = token.clone();
            forged.replace_range(at..=at, &letter);
            prop_assert_eq!(keys.open_token::<40>(&id, &forged).is_some(), forged == token);
        }
    }
}
