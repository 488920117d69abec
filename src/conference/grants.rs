//! What somebody may do in a room: asked in front of everything a client asks for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Conference;
use crate::media::ids::{Kind, PeerId, Stream, Track};
use crate::passes::{Rights, Source};

/// One thing that somebody may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grant {
    /// Has lines that send. What is sent on them needs one of the next three, too.
    Publish,
    /// Is heard.
    Microphone,
    /// Is seen.
    Camera,
    /// Shares a screen, and its sound.
    Screen,
    /// Receives media.
    Subscribe,
    /// Says something to one other browser, and connects to it.
    Signal,
    /// Sends files.
    Files,
    /// Writes to everybody.
    Chat,
    /// Decides about others in the room, and about who comes in.
    Moderate,
    /// Decides who moderates, and when the room ends.
    Own,
}

impl Grant {
    const ALL: [Grant; 10] = [
        Grant::Publish,
        Grant::Microphone,
        Grant::Camera,
        Grant::Screen,
        Grant::Subscribe,
        Grant::Signal,
        Grant::Files,
        Grant::Chat,
        Grant::Moderate,
        Grant::Own,
    ];

    /// What is needed for a track to be passed on.
    pub(super) fn for_track(track: Track) -> Grant {
        match (track.stream, track.kind) {
            (Stream::Camera, Kind::Audio) => Grant::Microphone,
            (Stream::Camera, Kind::Video) => Grant::Camera,
            (Stream::Screen, _) => Grant::Screen,
        }
    }
}

/// What somebody is in a room: a list of what they may, with a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything but what concerns moderators and the room's end.
    Moderator,
    /// Everything but to decide about others.
    #[default]
    Speaker,
    /// Sees, hears and writes.
    Listener,
}

impl Role {
    /// What belongs to it.
    pub(super) fn grants(self) -> Grants {
        match self {
            Role::Owner => Grants::ALL,
            Role::Moderator => Role::Owner.grants().without(Grant::Own),
            Role::Speaker => Role::Moderator.grants().without(Grant::Moderate),
            Role::Listener => [Grant::Publish, Grant::Subscribe, Grant::Chat]
                .into_iter()
                .fold(Grants(0), |grants, grant| Grants(grants.0 | Grants::bit(grant))),
        }
    }

    /// What somebody is whose access token says this.
    pub(super) fn of(rights: &Rights) -> Role {
        match (rights.admin, rights.moderate) {
            (true, _) => Role::Owner,
            (false, true) => Role::Moderator,
            (false, false) => Role::default(),
        }
    }

    /// Who has a higher rank decides about who has a lower one.
    pub(super) fn rank(self) -> u8 {
        match self {
            Role::Owner => 2,
            Role::Moderator => 1,
            Role::Speaker | Role::Listener => 0,
        }
    }
}

/// What somebody may do, all together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Grants(u16);

impl Grants {
    /// Everything.
    pub(super) const ALL: Grants = Grants((1 << Grant::ALL.len()) - 1);

    const fn bit(grant: Grant) -> u16 {
        1 << grant as u16
    }

    /// Whether this is among them.
    pub(super) fn has(self, grant: Grant) -> bool {
        self.0 & Self::bit(grant) != 0
    }

    /// As `welcome` tells them.
    pub(super) fn list(self) -> Vec<Grant> {
        Grant::ALL.into_iter().filter(|grant| self.has(*grant)).collect()
    }

    /// What is among both.
    pub(super) fn and(self, others: Grants) -> Grants {
        Grants(self.0 & others.0)
    }

    /// What somebody may at most whose access token says this, whatever they become in the room. Lines that send stay, as those of
    /// listeners do, and what is between browsers is for those who may send and see everything: nobody else judges it there.
    pub(super) fn within(rights: &Rights) -> Grants {
        let all = [
            (rights.publishes(Source::Microphone), Grant::Microphone),
            (rights.publishes(Source::Camera), Grant::Camera),
            (rights.publishes(Source::Screen), Grant::Screen),
            (rights.subscribe, Grant::Subscribe),
            (rights.files, Grant::Files),
        ];
        let left_out = all.into_iter().filter(|(may, _)| !may).map(|(_, grant)| grant);
        let left_out = left_out.flat_map(|grant| [grant, Grant::Signal]);
        left_out.chain((!rights.chat).then_some(Grant::Chat)).fold(Grants::ALL, Grants::without)
    }

    /// As a number, for tokens.
    pub(super) fn to_bits(self) -> u64 {
        u64::from(self.0)
    }

    /// The same read again. What is not known is not granted.
    pub(super) fn from_bits(bits: u64) -> Grants {
        Grants(u16::try_from(bits & u64::from(Grants::ALL.0)).unwrap_or(0))
    }

    /// All but one.
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
    /// One that does both.
    Exchange,
    /// Other pictures than before.
    View,
    /// This track is muted.
    Mute,
    /// This track is not muted any more.
    Unmute(Track),
    /// Others are told why their own picture is what it is.
    Limited,
    /// Something for another browser.
    Signal,
    /// A file for somebody.
    File,
    /// An answer about somebody's file.
    Receive,
    /// To keep one's address to oneself.
    HideAddress,
    /// Another topology for the room.
    Topology,
    /// Something for everybody to read.
    Chat,
    /// To raise a hand, or to lower it.
    Hand,
    /// To show what one thinks, in passing.
    React,
    /// Something about others, or about the room.
    Moderate,
    /// To say how one's connection fares.
    Report,
    /// To be gone.
    Leave,
    /// A sign that the server is there.
    Ping,
}

impl Action {
    /// What has to be granted. Nobody is kept in a room or has to show their address, everybody may ask for the word and show
    /// what they think, and everybody may know that the server is there.
    fn needs(self) -> &'static [Grant] {
        match self {
            Action::Publish | Action::Mute | Action::Limited => &[Grant::Publish],
            Action::Unmute(track) => match Grant::for_track(track) {
                Grant::Microphone => &[Grant::Microphone],
                Grant::Camera => &[Grant::Camera],
                _ => &[Grant::Screen],
            },
            Action::Connect | Action::View | Action::Receive => &[Grant::Subscribe],
            Action::Exchange => &[Grant::Publish, Grant::Subscribe],
            Action::Signal => &[Grant::Signal],
            Action::File => &[Grant::Files],
            Action::Topology | Action::Moderate => &[Grant::Moderate],
            Action::Chat => &[Grant::Chat],
            Action::HideAddress
            | Action::Hand
            | Action::React
            | Action::Report
            | Action::Leave
            | Action::Ping => &[],
        }
    }
}

impl Conference {
    /// Whether somebody may do this.
    pub(super) fn may(&self, peer: PeerId, action: Action) -> bool {
        action.needs().iter().all(|needed| self.has_grant(peer, *needed))
    }

    /// Whether this is granted to somebody, as their room is kept at present.
    pub(super) fn has_grant(&self, peer: PeerId, grant: Grant) -> bool {
        let room = self.peers.get(&peer).and_then(|peer| self.rooms.get(&peer.room));
        room.is_some_and(|room| room.state.grants_of(peer).is_some_and(|grants| grants.has(grant)))
    }
}
