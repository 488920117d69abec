//! The words for why somebody gets no media: what their browser found, and what is to blame.

use std::collections::BTreeSet;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Errors of STUN and TURN servers that one report names, at most.
const MOST_ERRORS: usize = 8;

/// A kind of address that a browser gathered, with what carries it. Never the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gathered {
    /// One of its own.
    HostUdp,
    /// The same for TCP.
    HostTcp,
    /// One of its own that it keeps to itself (mDNS).
    HiddenUdp,
    /// The same for TCP.
    HiddenTcp,
    /// As a STUN server saw it.
    OuterUdp,
    /// The same for TCP.
    OuterTcp,
    /// At a TURN server that it reaches over UDP.
    RelayUdp,
    /// At a TURN server that it reaches over TCP, or TLS.
    RelayTcp,
}

impl Gathered {
    /// Whether it is at a TURN server.
    pub(in crate::conference) fn is_relay(self) -> bool {
        matches!(self, Gathered::RelayUdp | Gathered::RelayTcp)
    }
}

/// By which scheme a STUN or TURN server was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// STUN.
    Stun,
    /// STUN over TLS.
    Stuns,
    /// TURN.
    Turn,
    /// TURN over TLS.
    Turns,
}

/// What carries packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
}

/// Which way somebody's media goes to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Over UDP.
    Udp,
    /// Over TCP.
    Tcp,
    /// By a TURN server.
    Relay,
}

/// What a STUN or TURN server answered, or that it did not (701).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceError {
    /// The code (RFC 8489, 8656).
    pub code: u16,
    /// The scheme of its URL.
    pub scheme: Scheme,
    /// What carried the question.
    pub transport: Transport,
}

/// Where the browser's ICE stands, as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IceState {
    /// It has not begun.
    New,
    /// It looks for a path.
    Checking,
    /// It has one.
    Connected,
    /// It has one and looks no further.
    Completed,
    /// It had one.
    Disconnected,
    /// It found none.
    Failed,
    /// It ended.
    Closed,
}

/// Where the browser's DTLS stands, as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DtlsState {
    /// It has not begun.
    New,
    /// It shakes hands.
    Connecting,
    /// It has keys.
    Connected,
    /// It failed.
    Failed,
    /// It ended.
    Closed,
}

/// What a browser found that gets no media.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TroubleReport {
    /// The kinds of its own addresses.
    pub gathered: BTreeSet<Gathered>,
    /// What STUN and TURN servers answered.
    #[serde(deserialize_with = "few")]
    pub errors: Vec<IceError>,
    /// Where ICE stands.
    pub ice: IceState,
    /// Where DTLS stands.
    pub dtls: DtlsState,
    /// The offer was answered.
    pub answered: bool,
    /// Checks that were sent, where the browser counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
    /// Answers to them, where the browser counts those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responses: Option<u32>,
    /// Bytes that left.
    pub bytes_sent: u64,
    /// Bytes that came.
    pub bytes_received: u64,
    /// A picture was encoded.
    pub encoded: bool,
    /// A picture was decoded.
    pub decoded: bool,
}

fn few<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IceError>, D::Error> {
    let errors = Vec::<IceError>::deserialize(from)?;
    if errors.len() > MOST_ERRORS {
        return Err(D::Error::custom(format!("at most {MOST_ERRORS} errors are told")));
    }
    Ok(errors)
}

/// What is to blame when somebody gets no media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The browser was not told where to go: its offer got no answer.
    OfferUnanswered,
    /// The browser has no address that it would use.
    NoCandidates,
    /// The TURN server does not take the credentials it is shown.
    TurnRefused,
    /// The TURN server does not answer.
    TurnUnreachable,
    /// What is announced can be reached from inside the server's own network only.
    AnnouncedUnreachable,
    /// Nothing of theirs arrives, and what others send over UDP does.
    UdpBlocked,
    /// Nothing of theirs arrives, and nothing of anybody's over UDP.
    NothingArrived,
    /// What they send arrives, and what is answered does not.
    AnswersLost,
    /// Packets go both ways, and no path was agreed on.
    IceStuck,
    /// There is a path, and the handshake on it does not end.
    DtlsStuck,
    /// There was a connection, and nothing gets through any more.
    PathLost,
}

impl Cause {
    /// All there are.
    pub const ALL: [Cause; 11] = [
        Cause::OfferUnanswered,
        Cause::NoCandidates,
        Cause::TurnRefused,
        Cause::TurnUnreachable,
        Cause::AnnouncedUnreachable,
        Cause::UdpBlocked,
        Cause::NothingArrived,
        Cause::AnswersLost,
        Cause::IceStuck,
        Cause::DtlsStuck,
        Cause::PathLost,
    ];

    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Cause::OfferUnanswered => "offer-unanswered",
            Cause::NoCandidates => "no-candidates",
            Cause::TurnRefused => "turn-refused",
            Cause::TurnUnreachable => "turn-unreachable",
            Cause::AnnouncedUnreachable => "announced-unreachable",
            Cause::UdpBlocked => "udp-blocked",
            Cause::NothingArrived => "nothing-arrived",
            Cause::AnswersLost => "answers-lost",
            Cause::IceStuck => "ice-stuck",
            Cause::DtlsStuck => "dtls-stuck",
            Cause::PathLost => "path-lost",
        }
    }

    /// What it means, for whoever runs the server.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Cause::OfferUnanswered => "The browser's offer got no answer.",
            Cause::NoCandidates => {
                "The browser offers no address: a policy or an extension keeps it from WebRTC."
            }
            Cause::TurnRefused => {
                "The TURN server refuses the credentials: its secret is another one, or its clock."
            }
            Cause::TurnUnreachable => "The TURN server does not answer this browser.",
            Cause::AnnouncedUnreachable => {
                "The announced addresses are reached from the server's own network only: say --announce."
            }
            Cause::UdpBlocked => "Their network lets nothing through to the media port; others get through.",
            Cause::NothingArrived => {
                "Nothing arrives at the media port, of nobody in the last hour: look at the firewall before it."
            }
            Cause::AnswersLost => "Their packets arrive, and what is answered does not reach them.",
            Cause::IceStuck => "Packets go both ways, and no path was agreed on.",
            Cause::DtlsStuck => {
                "There is a path, and the DTLS handshake on it does not end: large packets may be lost."
            }
            Cause::PathLost => "There was a connection, and nothing gets through any more.",
        }
    }
}
