//! Why there is no load, or no result: a variant for each cause, and what to do about it.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

use crate::conference::protocol::ErrorCode;
use crate::config::Url;
use crate::media::rtc::client::ClientError;
use crate::trust::NoTrust;

/// Why a load ended without a result.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The name leads nowhere.
    #[error("{0} cannot be found: {1}")]
    NoAddress(String, io::Error),
    /// Nobody answers there.
    #[error("no server answers at {0}: {1}")]
    Unreachable(String, io::Error),
    /// The file of `--certificate` is of no use.
    #[error(transparent)]
    Certificate(#[from] NoTrust),
    /// The server's certificate is not trusted.
    #[error(
        "{0} cannot be trusted: {1}; --certificate FILE names a certificate to trust, --insecure trusts any"
    )]
    Untrusted(String, rustls::Error),
    /// TLS was begun, and what came back is none.
    #[error("what answers at {0} speaks no TLS: is it http://?")]
    NoTls(String),
    /// It wants to be asked at another address.
    #[error("{0} sends elsewhere: write --url {1}")]
    Elsewhere(String, Url),
    /// Somebody pressed Ctrl-C before there was a result.
    #[error("interrupted before anything was measured")]
    Interrupted,
    /// Nobody tells numbers at the address of `--metrics`.
    #[error("no numbers of a Plenary are told at {0} of --metrics: {1}")]
    NoNumbers(SocketAddr, io::Error),
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
    /// Something answers, but it is no Plenary.
    #[error("what answers at {0} is no Plenary: {1}")]
    Stranger(String, String),
    /// The server makes no more rooms for one address.
    #[error(
        "the server made {made} of {wanted} rooms and refuses more ({status}): start it with \
         --limit rooms-made-per-minute-per-address={wanted},rooms-per-address={wanted}, or wait"
    )]
    Rooms {
        /// How many it made.
        made: u32,
        /// How many were asked for.
        wanted: u32,
        /// The status of its answer.
        status: u16,
    },
    /// The server lets nobody more in.
    #[error("the server refuses person {person} of {people}: {message} ({name}); {advice}", name = code_name(*.code), advice = advice(*.code, *.people))]
    Refused {
        /// Which of them, from 1.
        person: usize,
        /// How many are to come.
        people: usize,
        /// Why.
        code: ErrorCode,
        /// In its words.
        message: String,
    },
    /// A socket of somebody who enters ended.
    #[error(
        "the server ended the socket of person {person} of {people}: {why}; it may hold too many of one address: start it with \
         --limit sockets-per-address={people},connections-per-address={people},half-open-connections-per-address={people}"
    )]
    Closed {
        /// Which of them, from 1.
        person: usize,
        /// How many are to come.
        people: usize,
        /// What is known of it.
        why: String,
    },
    /// There is no address to receive media at.
    #[error(transparent)]
    Address(ClientError),
    /// A connection ended before it was up, or the server's answer is of no use.
    #[error("person {person} of {people} gets no connection: {error}")]
    Connection {
        /// Which of them, from 1.
        person: usize,
        /// How many are to come.
        people: usize,
        /// Why.
        error: ClientError,
    },
    /// Rooms are not made by everybody.
    #[error(
        "rooms are made at {0} by whoever shows an access token for that, and for every room: say --pass with one of `plenary token --room '*' \
         --create`"
    )]
    NoPass(String),
    /// Not everybody was connected in time.
    #[error(
        "{connected} of {people} people got a connection for media within {seconds} s: is the server's media port reachable over \
         UDP at the addresses that it announces, and is there CPU left for both of us?"
    )]
    NoMedia {
        /// How many.
        connected: usize,
        /// Of how many.
        people: usize,
        /// How long was waited.
        seconds: u64,
    },
    /// There is no process of this number, or it is somebody else's.
    #[error("process {0} of --pid cannot be looked at: {1}")]
    NoProcess(u32, io::Error),
    /// A socket or a poll of ours.
    #[error("{0}: {1}")]
    System(&'static str, io::Error),
}

/// As the protocol has it.
fn code_name(code: ErrorCode) -> String {
    serde_json::to_value(code).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What of the server to change. Everybody comes from one address, which no honest crowd does.
fn advice(code: ErrorCode, people: usize) -> String {
    match code {
        ErrorCode::RoomFull => format!(
            "start it with --limit peers-per-room={} (a tenth of a room's places is kept for other addresses)",
            people + people / 8 + 2
        ),
        ErrorCode::RateLimited => format!(
            "start it with --limit joins-per-second-per-address={people}, or let people enter slower with --join-rate"
        ),
        ErrorCode::PassNeeded | ErrorCode::BadPass => {
            "show one that is for every room: --pass with one of `plenary token --room '*' --create`"
                .to_owned()
        }
        ErrorCode::Busy => "it has no room for more".to_owned(),
        _ => "docs/protocol.md says when this happens".to_owned(),
    }
}
