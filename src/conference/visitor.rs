//! What is known of somebody who came by a standard tool.

use std::fmt;

use data_encoding::HEXLOWER as HEX;

use super::Entropy;
use crate::ledger::ClientAddress;
use crate::media::ids::PeerId;

/// Bytes of the name of a session: nobody guesses 128 bits.
const ID_BYTES: usize = 16;

/// What somebody comes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To publish, by WHIP.
    Publish,
    /// To watch, by WHEP.
    Watch,
}

/// By what a session is known to the tool that opened it: whoever knows it may change and end it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StandardId([u8; ID_BYTES]);

impl fmt::Debug for StandardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StandardId")
    }
}

/// Thirty-two hexadecimal digits.
impl fmt::Display for StandardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEX.encode(&self.0))
    }
}

impl StandardId {
    /// One that nobody has.
    pub(super) fn draw(entropy: &mut Entropy) -> Self {
        let mut bytes = [0; ID_BYTES];
        entropy(&mut bytes);
        Self(bytes)
    }

    /// Reads one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = HEX.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

/// What is known of somebody who came so.
#[derive(Debug)]
pub(super) struct StandardClient {
    /// By what their session is known.
    pub(super) id: StandardId,
    /// What they came for.
    pub(super) purpose: Purpose,
    /// The offer that holds.
    pub(super) sdp: String,
    /// Counts the states of ICE, and the offers.
    pub(super) version: u32,
    /// A hash of what they showed.
    pub(super) proof: Option<Vec<u8>>,
    /// An answer is waited for.
    pub(super) asked: bool,
    /// Whom alone they watch.
    pub(super) pinned: Option<PeerId>,
    /// Whose picture they were shown first, last time.
    pub(super) lead: Option<PeerId>,
    /// From where they came: counted there.
    pub(super) address: ClientAddress,
}

impl StandardClient {
    /// The entity tag of that state.
    pub(super) fn tag(&self) -> String {
        self.version.to_string()
    }
}
