//! Why somebody gets no media: from what their browser found and what the server saw to one cause. Pure.

use std::net::{IpAddr, Ipv4Addr};

use super::protocol::{Cause, DtlsState, IceState, Scheme, TroubleReport, Way};
use super::ways::Shares;
use crate::ledger::ClientAddress;
use crate::media::message::{Reached, ReachedSet};

/// What a browser says when a server does not answer it at all (W3C WebRTC, `RTCPeerConnectionIceErrorEvent`).
const NO_ANSWER: u16 = 701;

/// Networks that engines of containers make by themselves, as address and length: Docker, Podman, k3s, Kubernetes.
const CONTAINERS: [(Ipv4Addr, u32); 5] = [
    (Ipv4Addr::new(172, 17, 0, 0), 16),
    (Ipv4Addr::new(172, 18, 0, 0), 15),
    (Ipv4Addr::new(10, 88, 0, 0), 16),
    (Ipv4Addr::new(10, 42, 0, 0), 16),
    (Ipv4Addr::new(10, 244, 0, 0), 16),
];

/// Where people reach an address from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    /// From everywhere, as far as its number says.
    Public,
    /// From its own network.
    Private,
    /// From its own machine: containers are there.
    Container,
}

impl Range {
    /// Of an address that is announced.
    pub(super) fn of(address: IpAddr) -> Range {
        if let IpAddr::V4(v4) = address
            && CONTAINERS.iter().any(|(net, length)| (v4.to_bits() ^ net.to_bits()) >> (32 - length) == 0)
        {
            return Range::Container;
        }
        if ClientAddress::of(address).is_private() { Range::Private } else { Range::Public }
    }
}

/// What is known about somebody who gets no media.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence<'a> {
    /// What their browser found.
    pub(super) report: &'a TroubleReport,
    /// What arrived of their present connection.
    pub(super) reached: ReachedSet,
    /// How others got through.
    pub(super) shares: Shares,
    /// What is announced.
    pub(super) announced: &'a [IpAddr],
    /// The port of their worker.
    pub(super) port: Option<u16>,
    /// They were told of a TURN server.
    pub(super) has_turn: bool,
    /// They came to the page from a network of the server's own kind.
    pub(super) is_near: bool,
}

impl Evidence<'_> {
    fn arrived(&self) -> bool {
        self.reached.has(Reached::Udp) || self.reached.has(Reached::Tcp)
    }

    /// What is to blame.
    pub(super) fn cause(&self) -> Cause {
        let report = self.report;
        if self.reached.has(Reached::Connected) {
            return Cause::PathLost;
        }
        if !report.answered {
            return Cause::OfferUnanswered;
        }
        if self.arrived() {
            let agreed = matches!(report.ice, IceState::Connected | IceState::Completed)
                || matches!(report.dtls, DtlsState::Connecting | DtlsState::Failed);
            let asked_in_vain = report.requests.is_some_and(|asked| asked > 0) && report.responses == Some(0);
            return match () {
                () if agreed || self.reached.has(Reached::Handshake) => Cause::DtlsStuck,
                () if asked_in_vain => Cause::AnswersLost,
                () => Cause::IceStuck,
            };
        }
        if report.gathered.is_empty() {
            return Cause::NoCandidates;
        }
        if self.turn_answered(|code| (400..500).contains(&code)) {
            return Cause::TurnRefused;
        }
        if self.is_out_of_reach() {
            return Cause::AnnouncedUnreachable;
        }
        if self.turn_answered(|code| code == NO_ANSWER) {
            return Cause::TurnUnreachable;
        }
        if self.shares.udp > 0 { Cause::UdpBlocked } else { Cause::NothingArrived }
    }

    /// Whether the TURN server gave them no address, and an answer like this.
    fn turn_answered(&self, like: impl Fn(u16) -> bool) -> bool {
        let is_turn = |scheme| matches!(scheme, Scheme::Turn | Scheme::Turns);
        self.has_turn
            && !self.report.gathered.iter().any(|kind| kind.is_relay())
            && self.report.errors.iter().any(|error| is_turn(error.scheme) && like(error.code))
    }

    /// Whether nothing that is announced leads to the server from where they are.
    fn is_out_of_reach(&self) -> bool {
        let inside = !self.announced.is_empty()
            && self.announced.iter().all(|address| Range::of(*address) != Range::Public);
        inside && (!self.is_near || self.shares.all() == 0)
    }

    /// What the server saw, for whoever runs it. No address but its own.
    pub(super) fn saw(&self) -> Vec<String> {
        let mut saw = Vec::new();
        let port = self.port.map_or_else(String::new, |port| format!(" {port}"));
        for (reached, what) in [(Reached::Udp, "UDP"), (Reached::Tcp, "TCP")] {
            saw.push(if self.reached.has(reached) {
                format!("packets of theirs arrived on {what}{port}")
            } else {
                format!("no packet of theirs arrived on {what}{port}")
            });
        }
        if self.reached.has(Reached::Connected) {
            saw.push("their DTLS handshake ended".to_owned());
        } else if self.reached.has(Reached::Handshake) {
            saw.push("their DTLS handshake began and did not end".to_owned());
        }
        if self.reached.has(Reached::Media) {
            saw.push("media of theirs arrived".to_owned());
        }
        let (shares, all) = (self.shares, self.shares.all());
        for (way, count) in [(Way::Udp, shares.udp), (Way::Tcp, shares.tcp), (Way::Relay, shares.relay)] {
            let word = match way {
                Way::Udp => "UDP",
                Way::Tcp => "TCP",
                Way::Relay => "a relay",
            };
            if count > 0 {
                saw.push(format!("{count} of {all} people in the last hour use {word}"));
            }
        }
        if all == 0 {
            saw.push("nobody connected in the last hour".to_owned());
        }
        for address in self.announced {
            match Range::of(*address) {
                Range::Public => {}
                Range::Private => {
                    saw.push(format!("the announced address {address} is of a private network"));
                }
                Range::Container => saw.push(format!("the announced address {address} is a container's")),
            }
        }
        saw
    }
}

#[cfg(test)]
mod tests;
