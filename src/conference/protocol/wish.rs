//! What whoever moderates wishes.

use serde::{Deserialize, Serialize};

use super::super::grants::Role;
use super::super::wire;
use super::room::{Access, KnockId, Screens};
use crate::media::ids::{Kind, PeerId, Stream};

/// A track of somebody's, by its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackName {
    /// Which stream.
    #[serde(with = "wire::StreamWord")]
    pub stream: Stream,
    /// Sound or picture.
    #[serde(with = "wire::KindWord")]
    pub kind: Kind,
}

/// A wish, by its `action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Wish {
    /// A track is muted.
    Mute {
        /// Whose; without one, of everybody who does not moderate.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "wire::some_peer")]
        peer: Option<PeerId>,
        /// Which stream.
        #[serde(with = "wire::StreamWord")]
        stream: Stream,
        /// Sound or picture.
        #[serde(with = "wire::KindWord")]
        kind: Kind,
    },
    /// A hand is lowered.
    LowerHand {
        /// Whose; without one, everybody's.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "wire::some_peer")]
        peer: Option<PeerId>,
    },
    /// Somebody is put out.
    Remove {
        /// Who.
        #[serde(with = "wire::peer")]
        peer: PeerId,
    },
    /// Somebody is put out, and stays so.
    Ban {
        /// Who.
        #[serde(with = "wire::peer")]
        peer: PeerId,
    },
    /// Somebody is something else in the room.
    Role {
        /// Who.
        #[serde(with = "wire::peer")]
        peer: PeerId,
        /// What.
        role: Role,
    },
    /// Nobody new comes in, or may again.
    Lock {
        /// Nobody does.
        locked: bool,
    },
    /// Who comes in.
    Access {
        /// Who.
        access: Access,
    },
    /// Who may share a screen.
    Screens {
        /// Who.
        screens: Screens,
    },
    /// Whether anybody writes.
    Chat {
        /// They do.
        chat: bool,
    },
    /// Whether anybody sends files.
    Files {
        /// They do.
        files: bool,
    },
    /// Who waits comes in.
    Admit {
        /// Who; without one, everybody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        knock: Option<KnockId>,
    },
    /// Who waits does not come in.
    Refuse {
        /// Who.
        knock: KnockId,
    },
    /// The room is over, for everybody.
    End,
}
