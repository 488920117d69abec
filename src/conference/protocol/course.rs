//! The words for which way media goes.

use serde::{Deserialize, Serialize};

/// How media travels in a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// Through the server.
    #[default]
    Sfu,
    /// Directly between up to four browsers, each to each; through the server where that is not possible.
    Mesh,
    /// Directly between two, through the server when there are more.
    Auto,
}

/// Where media goes at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Path {
    /// Through the server.
    Server,
    /// Through the server, and browsers connect to each other meanwhile.
    Trying,
    /// From browser to browser. The connections to the server stay, and carry nothing.
    Direct,
}

/// Why media goes where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The room's topology is [`Topology::Sfu`].
    Chosen,
    /// There is nobody to talk to.
    Alone,
    /// So few may talk directly here.
    FewPeople,
    /// More are here than may talk directly.
    ManyPeople,
    /// Somebody came or left just now.
    PeopleChange,
    /// Somebody's connection to the server is not there (yet): without one nothing goes directly.
    NotReady,
    /// The room went to the server just now, and stays for some seconds.
    Settling,
    /// Two have no direct path to each other.
    NoPath,
    /// A direct path ended.
    PathLost,
    /// A browser did not take another one's description.
    Refused,
    /// Somebody keeps their address to themselves.
    HiddenAddress,
    /// Somebody came by a tool that connects to nothing but the server.
    StandardClient,
    /// A device could not encode for so many.
    DeviceBusy,
    /// An uplink did not carry so many.
    SlowUplink,
}

impl Why {
    /// What speaks against direct paths when this was told of one.
    pub(in crate::conference) fn of(state: DirectState) -> Why {
        match state {
            DirectState::Connected => Why::FewPeople,
            DirectState::NoPath => Why::NoPath,
            DirectState::Lost => Why::PathLost,
            DirectState::Refused => Why::Refused,
            DirectState::DeviceBusy => Why::DeviceBusy,
            DirectState::SlowUplink => Why::SlowUplink,
            DirectState::Gone => Why::Settling,
        }
    }
}

/// What became of a connection to another browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectState {
    /// Both directions carry something.
    Connected,
    /// No way was found.
    NoPath,
    /// It carried something, and does not any more.
    Lost,
    /// The other one's description was not taken.
    Refused,
    /// The device cannot encode for so many.
    DeviceBusy,
    /// The uplink does not carry so many.
    SlowUplink,
    /// The page has none of this epoch: it was loaded anew.
    Gone,
}
