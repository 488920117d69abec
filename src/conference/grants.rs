//! What somebody may do in a room: asked in front of everything a client asks for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Conference;
use crate::media::ids::PeerId;

/// One thing that somebody may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grant {
    /// Sends sound and pictures.
    Publish,
    /// Receives them.
    Subscribe,
    /// Says something to one other browser.
    Signal,
    /// Writes to everybody.
    Chat,
    /// Decides about the room and about others in it.
    Moderate,
}

impl Grant {
    const ALL: [Grant; 5] = [Grant::Publish, Grant::Subscribe, Grant::Signal, Grant::Chat, Grant::Moderate];
}

/// What somebody may do, all together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Grants(u8);

impl Grants {
    /// What everybody may who has the room's link: all but moderation.
    pub(super) const GUEST: Grants = Grants(Grants::OWNER.0 & !Grants::bit(Grant::Moderate));

    /// What whoever made the room may: everything.
    pub(super) const OWNER: Grants = Grants((1 << Grant::ALL.len()) - 1);

    const fn bit(grant: Grant) -> u8 {
        1 << grant as u8
    }

    /// Whether this is among them.
    pub(super) fn has(self, grant: Grant) -> bool {
        self.0 & Self::bit(grant) != 0
    }

    /// As `welcome` tells them.
    pub(super) fn list(self) -> Vec<Grant> {
        Grant::ALL.into_iter().filter(|grant| self.has(*grant)).collect()
    }

    /// All but one.
    #[cfg(test)]
    pub(super) fn without(self, grant: Grant) -> Grants {
        Grants(self.0 & !Self::bit(grant))
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.list()).finish()
    }
}

/// What somebody inside asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// A connection, with lines that send.
    Publish,
    /// A connection that receives only.
    Connect,
    /// Other pictures than before.
    View,
    /// A track is muted or not.
    Mute,
    /// Others are told why their own picture is what it is.
    Limited,
    /// Something for another browser.
    Signal,
    /// To keep one's address to oneself.
    HideAddress,
    /// Another topology for the room.
    Topology,
    /// Something for everybody to read.
    Chat,
    /// To be gone.
    Leave,
    /// A sign that the server is there.
    Ping,
}

impl Action {
    /// What has to be granted. Nobody is kept in a room or has to show their address, and everybody may know that the server
    /// is there.
    fn needs(self) -> Option<Grant> {
        match self {
            Action::Publish | Action::Mute | Action::Limited => Some(Grant::Publish),
            Action::Connect | Action::View => Some(Grant::Subscribe),
            Action::Signal => Some(Grant::Signal),
            Action::Topology => Some(Grant::Moderate),
            Action::HideAddress | Action::Leave | Action::Ping => None,
            Action::Chat => Some(Grant::Chat),
        }
    }
}

impl Conference {
    /// Whether somebody may do this.
    pub(super) fn may(&self, peer: PeerId, action: Action) -> bool {
        let granted = |needed| self.member(peer).is_some_and(|member| member.grants().has(needed));
        action.needs().is_none_or(granted)
    }
}
