//! Credentials for the operator's TURN server (RFC 8656), made as coturn's `use-auth-secret` checks them: whoever knows
//! the shared secret needs no list of users. Clients get new ones before theirs end.

use std::fmt;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use data_encoding::BASE64;

use super::UnixTime;
use super::protocol::{IceServer, ServerMessage};
use super::timers::Timer;
use super::{Conference, Now};
use crate::ledger::Metered;
use crate::media::ids::PeerId;

/// How long credentials are good. Somebody who copies them may use the relay for so long; and the clocks of the two servers
/// may differ by some minutes.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Credentials of this age are replaced. Together with [`LOOK_AGAIN`] ten minutes are left: longer than a socket that is
/// lost at that moment takes to come back.
const REPLACED_AFTER: Duration = Duration::from_secs(45 * 60);

/// How often the age of one person's credentials is looked at. The wall clock may step at any time, also past their end.
const LOOK_AGAIN: Duration = Duration::from_secs(5 * 60);

/// The TURN server of the operator.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Its addresses (RFC 7065), as clients are told them.
    pub urls: Vec<String>,
    /// What it shares with us.
    pub secret: TurnSecret,
}

/// The secret shared with the TURN server. It leaves this type only inside of what is computed with it.
#[derive(Clone)]
pub struct TurnSecret(hmac::Key);

impl TurnSecret {
    /// Bytes of a secret at least. Everybody in a room holds a credential to guess against, as fast as they can compute:
    /// 128 bits are out of reach, a word is not.
    pub const LEAST_BYTES: usize = 16;

    /// Takes the secret; `None` if it is too short.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<TurnSecret> {
        // SHA-1 is what TURN servers check with; in an HMAC nothing is known against it.
        let key = || hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, bytes);
        (bytes.len() >= Self::LEAST_BYTES).then(|| TurnSecret(key()))
    }
}

impl fmt::Debug for TurnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnSecret(secret)")
    }
}

impl Turn {
    /// A user name and the password that goes with it, for `who`: the name is the end of its time (seconds since 1970) and who.
    #[must_use]
    pub fn login(&self, now: UnixTime, who: &str) -> (String, String) {
        let username = format!("{}:{who}", (now + LIFETIME).as_secs());
        let password = BASE64.encode(hmac::sign(&self.secret.0, username.as_bytes()).as_ref());
        (username, password)
    }

    /// What `peer` is told.
    pub(super) fn credentials(&self, now: Now, peer: PeerId) -> IceServer {
        let (username, credential) = self.login(now.wall, &peer.to_string());
        IceServer { urls: self.urls.clone(), username: Some(username), credential: Some(credential) }
    }
}

/// When somebody was told credentials, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Issued(Now);

impl Issued {
    /// Whether they are to be replaced: old by either clock. One that was set forward ended them early; one that was set
    /// back says nothing about their age.
    fn is_old(self, now: Now) -> bool {
        let by_wall_clock = now.wall.saturating_since(self.0.wall);
        now.instant.saturating_duration_since(self.0.instant).max(by_wall_clock) >= REPLACED_AFTER
    }
}

impl Conference {
    /// What a person is told to use for ICE from now on.
    pub(super) fn issue_ice_servers(&mut self, now: Now, id: PeerId) -> Vec<IceServer> {
        if self.config.turn.is_none() {
            return Vec::new();
        }
        if !self.timers.is_set(&Timer::IceServers(id)) {
            self.timers.set(Timer::IceServers(id), first_look(now.instant, id));
        }
        // A person is a user of the relay, whatever the credentials they are given one after the other.
        let is_newcomer =
            !self.is_of_server(id) && self.peers.get(&id).is_some_and(|peer| peer.issued.is_none());
        let newcomer = self.peers.get(&id).filter(|_| is_newcomer).map(|peer| peer.address);
        if newcomer.is_some_and(|address| self.spend(now, address, Metered::TurnUsers).is_err()) {
            return Vec::new();
        }
        let (Some(turn), Some(peer)) = (&self.config.turn, self.peers.get_mut(&id)) else {
            return Vec::new();
        };
        peer.issued = Some(Issued(now));
        vec![turn.credentials(now, id)]
    }

    /// Replaces a person's credentials if they are old. Who has no socket gets theirs with the next `welcome`.
    pub(super) fn review_ice_servers(&mut self, now: Now, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        let (socket, is_old) = (peer.socket(), peer.issued.is_none_or(|issued| issued.is_old(now)));
        self.timers.set(Timer::IceServers(id), now.instant + LOOK_AGAIN);
        if let Some(socket) = socket.filter(|_| is_old) {
            let ice_servers = self.issue_ice_servers(now, id);
            // None if the address has too many users: those they may have had before are good still.
            if !ice_servers.is_empty() {
                self.send(socket, &ServerMessage::IceServers { ice_servers }, None);
            }
        }
    }
}

/// Everybody has a moment of their own, also those who came at once after a restart of the server.
fn first_look(now: Instant, id: PeerId) -> Instant {
    let share = id.0 % u64::try_from(LOOK_AGAIN.as_millis()).unwrap_or(1).max(1);
    now + Duration::from_millis(share)
}
