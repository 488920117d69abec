//! People who come by a standard tool instead of the page: by WHIP (RFC 9725) somebody publishes, by WHEP (draft-ietf-wish-whep)
//! somebody watches.
//!
//! ```text
//!   POST offer ──> read ──> the room's door ──> a person ──> worker ──> Output::Standard: the answer
//!   PATCH ICE ───────────────────────────────> worker ──> Output::Standard: the other credentials
//!   DELETE, silence, too much, put out ──────> gone
//! ```
//!
//! They are people like others: the same door, roles, lists and limits. What differs is that they have no socket: nothing is said
//! to them but answers, their media alone tells whether they are here, and what they are shown is chosen for them (`view.rs`).

use aws_lc_rs::digest::{SHA256, digest};

use super::bans::Known;
use super::door::{Entry, Guest};
use super::grants::Grant;
use super::negotiation::tracks_of;
use super::parse::Join;
use super::pass::is_pass;
use super::protocol::{Client, IceServer};
use super::refusal::Refusal;
use super::session::Arrival;
use super::state::RoomEvent;
use super::visitor::StandardClient;
pub use super::visitor::{Purpose, StandardId};
use super::{Conference, Now, Output, stun};
use crate::ledger::{ClientAddress, Metered, Resource};
use crate::media::ids::{Kind, OfferId, PeerId, RoomId, Track};
use crate::media::message::{Command, TrackRates};
use crate::media::policing::asked_for;
use crate::media::rtc::{Offer, OfferError};
use crate::media::units::Bitrate;
use offer::{Credentials, StandardOffer};
pub use refused::StandardRefused;

mod offer;
mod refused;
mod view;

/// What sound of a publisher may take: stereo music, with its headers.
const SOUND: Bitrate = Bitrate::kbps(256);

/// What a picture of a publisher may take unless the operator says otherwise.
pub const WHIP_BITRATE: u64 = 8_000_000;

/// What somebody asks for who comes so.
#[derive(Debug, Clone, Copy)]
pub struct StandardRequest<'a> {
    /// What they come for.
    pub purpose: Purpose,
    /// The room's id, as it stands in the address.
    pub room: &'a str,
    /// What they are to be called.
    pub name: Option<&'a str>,
    /// Whom alone they watch.
    pub peer: Option<&'a str>,
    /// What they show: an access token, or the room's secret.
    pub shown: Option<&'a str>,
    /// Their offer.
    pub sdp: &'a str,
}

/// What they are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandardAnswer {
    /// The description; after a restart of ICE only what is new of it.
    pub sdp: String,
    /// The entity tag of the present state of ICE.
    pub tag: String,
    /// What they may use for ICE.
    pub ice_servers: Vec<IceServer>,
}

/// What a change of a session leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patched {
    /// Nothing: the paths that it names are found without.
    Noted,
    /// [`Output::Standard`] has the answer.
    Awaited(StandardId),
}

fn proof(shown: &str) -> Vec<u8> {
    digest(&SHA256, shown.as_bytes()).as_ref().to_vec()
}

impl Conference {
    /// Somebody comes by a standard tool. The answer follows as [`Output::Standard`].
    ///
    /// # Errors
    /// [`StandardRefused`] says why not. Nobody in the room noticed.
    pub fn open_standard(
        &mut self,
        now: Now,
        address: ClientAddress,
        request: &StandardRequest<'_>,
    ) -> Result<StandardId, StandardRefused> {
        let read = self.read_standard(now, address, request.purpose, request.sdp)?;
        let most = Bitrate::bps(self.config.whip_bitrate);
        if request.purpose == Purpose::Publish && read.bitrate.is_some_and(|bitrate| bitrate > most) {
            return Err(StandardRefused::TooFast { most });
        }
        self.ledger.check(address, Resource::StandardClients, 1, &self.config.limits).map_err(|over| {
            self.tally.hit(over.limit());
            StandardRefused::Over(over)
        })?;
        let offer = self.parse_standard(&read)?;
        let (room, guest) = self.enter_by_standard(now, address, request)?;
        let admitted = self.admit_by_standard(now, room, (guest, request), &read);
        let (id, peer) = match admitted {
            Ok(admitted) => admitted,
            Err(refused) => {
                // It may have been opened for this alone.
                self.vacated(now, room);
                return Err(refused);
            }
        };
        self.ledger.take(address, Resource::StandardClients, 1);
        self.pass_to_worker(now, peer, (offer, &read), true);
        self.review_watcher(peer);
        self.run_due(now);
        Ok(id)
    }

    /// An offer is read at once, in the rate of its address, whatever it turns out to be: a request that has to wait is asked to come again.
    fn read_standard(
        &mut self,
        now: Now,
        address: ClientAddress,
        purpose: Purpose,
        sdp: &str,
    ) -> Result<StandardOffer, StandardRefused> {
        self.spend(now, address, Metered::Offers).map_err(StandardRefused::Over)?;
        Ok(offer::read(purpose, sdp)?)
    }

    fn parse_standard(&mut self, read: &StandardOffer) -> Result<Offer, StandardRefused> {
        let (tracks, slots) = (read.tracks.clone(), read.slots.clone());
        Offer::parse(&read.sdp, tracks, slots, &self.config.limits).map_err(|error| {
            if let OfferError::TooLarge(limit) = error {
                self.tally.hit(limit);
            }
            StandardRefused::BadOffer(error.to_string())
        })
    }

    /// The room's door. What is shown is a pass, or the secret of whoever made the room.
    fn enter_by_standard(
        &mut self,
        now: Now,
        address: ClientAddress,
        request: &StandardRequest<'_>,
    ) -> Result<(RoomId, Guest), StandardRefused> {
        let name = match (request.name, request.purpose) {
            (Some(name), _) => self.checked_name(name),
            (None, Purpose::Publish) => Ok("Stream".to_owned()),
            (None, Purpose::Watch) => Ok("Viewer".to_owned()),
        };
        let meant = self.id_of_link(request.room).unwrap_or_else(|| request.room.to_owned());
        let (pass, secret) = match request.shown {
            Some(shown) if is_pass(shown) => (Some(shown.to_owned()), None),
            shown => (None, shown.map(str::to_owned)),
        };
        let join = Join::standard(meant.clone(), pass, secret);
        match self.enter(now, (Known::by(None, address), name), &meant, None, &join) {
            Ok(Entry::Inside { room, guest, .. }) => Ok((room, guest)),
            Ok(Entry::Waits { .. }) | Err(Refusal::Locked) if request.shown.is_none() => {
                Err(Refusal::PassNeeded.into())
            }
            Ok(Entry::Waits { .. }) => Err(StandardRefused::Kept),
            Err(refusal) => Err(refusal.into()),
        }
    }

    fn admit_by_standard(
        &mut self,
        now: Now,
        room: RoomId,
        (guest, request): (Guest, &StandardRequest<'_>),
        read: &StandardOffer,
    ) -> Result<(StandardId, PeerId), StandardRefused> {
        let grants = guest.role.grants().and(guest.within);
        let may = match request.purpose {
            Purpose::Publish => {
                tracks_of(&read.tracks).iter().any(|track| grants.has(Grant::for_track(*track)))
            }
            Purpose::Watch => grants.has(Grant::Subscribe),
        };
        if !may {
            return Err(Refusal::NotGranted.into());
        }
        let pinned = match request.peer {
            None => None,
            Some(text) => {
                let peer = text.parse().ok();
                let peer = peer.filter(|id| self.peers.get(id).is_some_and(|peer| peer.room == room));
                Some(peer.ok_or(StandardRefused::NoPeer)?)
            }
        };
        let address = guest.known.address;
        let peer = self.admit(now, room, Arrival { socket: None, guest }, None)?;
        let id = StandardId::draw(&mut self.entropy);
        let client = StandardClient {
            id,
            purpose: request.purpose,
            sdp: read.sdp.clone(),
            version: 0,
            proof: request.shown.map(proof),
            asked: false,
            pinned,
            lead: None,
            address,
        };
        if let Some(participant) = self.peers.get_mut(&peer) {
            participant.standard = Some(Box::new(client));
        }
        self.standard.insert(id, peer);
        let client = match request.purpose {
            Purpose::Publish => Client::Whip,
            Purpose::Watch => Client::Whep,
        };
        if let Some(open) = self.rooms.get_mut(&room).filter(|_| client == Client::Whep) {
            open.watchers.push(peer);
        }
        self.counters.standard_opened += 1;
        self.change(now, room, &RoomEvent::ComesBy { peer, client });
        self.review_course(now, room);
        Ok((id, peer))
    }

    /// An offer goes on to the worker; the answer is waited for.
    fn pass_to_worker(&mut self, now: Now, id: PeerId, (offer, read): (Offer, &StandardOffer), fresh: bool) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(client) = &mut peer.standard else { return };
        client.version += 1;
        client.asked = true;
        client.sdp.clone_from(&read.sdp);
        let tracks = tracks_of(&read.tracks);
        let of: Vec<Track> = tracks.iter().copied().collect();
        peer.negotiation.take_read(OfferId(client.version), fresh, tracks, offer);
        self.mute_ungranted(now, id, &of);
        self.forward_offer(id);
    }

    /// The worker answered somebody who came so, or `None` if they did not.
    pub(super) fn standard_answered(&mut self, now: Now, id: PeerId, sdp: &str) {
        let Some(client) = self.peers.get_mut(&id).and_then(|peer| peer.standard.as_deref_mut()) else {
            return;
        };
        if !std::mem::take(&mut client.asked) {
            return;
        }
        let (standard, tag, purpose) = (client.id, client.tag(), client.purpose);
        let first = client.version == 1;
        if purpose == Purpose::Publish {
            self.bound_publisher(id);
        }
        let mut ice_servers = self.stun_servers();
        ice_servers.extend(self.issue_ice_servers(now, id));
        let sdp = if first { sdp.to_owned() } else { offer::fragment(sdp) };
        let answer = StandardAnswer { sdp, tag, ice_servers };
        self.outputs.push_back(Output::Standard { id: standard, answer: Ok(answer) });
    }

    /// Whoever publishes so is asked for nothing, because nothing would heed it: what is passed on of them has a bound all the same.
    fn bound_publisher(&mut self, id: PeerId) {
        let Some(client) = self.peers.get(&id).and_then(|peer| peer.standard.as_deref()) else { return };
        let Ok(read) = offer::read(client.purpose, &client.sdp) else { return };
        let picture = asked_for(Bitrate::bps(self.config.whip_bitrate));
        let rates = read.tracks.iter().map(|line| {
            let track = Track { stream: line.stream, kind: line.kind };
            TrackRates::one(track, if line.kind == Kind::Audio { asked_for(SOUND) } else { picture })
        });
        let rates = rates.collect();
        self.command_for(id, Command::Publish { peer: id, rates });
    }

    /// Something about the connection of somebody was not done. Whoever has a socket hears why; whoever came by a standard tool is
    /// gone by it, and hears it if they wait for an answer.
    pub(super) fn refuse_media(&mut self, now: Now, id: PeerId, refusal: Refusal) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if let Some(socket) = peer.socket() {
            self.refuse(socket, refusal);
        } else if let Some(client) = &mut peer.standard {
            let (standard, asked) = (client.id, std::mem::take(&mut client.asked));
            let address = client.address;
            self.counters.standard_ended += u64::from(!asked);
            self.note_refused(address, refusal.code());
            log::debug!("the session of a tool ends early: {:?}", refusal.code());
            if asked {
                let refused = match refusal {
                    Refusal::WorkerGone { .. } | Refusal::Moved { .. } => StandardRefused::Failed,
                    refusal => StandardRefused::NotAccepted(refusal.to_string()),
                };
                self.outputs.push_back(Output::Standard { id: standard, answer: Err(refused) });
            }
            self.remove_peer(now, id);
        }
    }

    /// Changes a session: paths that its tool found, or the restart of its ICE (RFC 9725, 4.3.2 and 4.3.3).
    ///
    /// # Errors
    /// [`StandardRefused`] says why not.
    pub fn patch_standard(
        &mut self,
        now: Now,
        address: ClientAddress,
        (purpose, id, shown): (Purpose, &str, Option<&str>),
        tags: &[&str],
        fragment: &str,
    ) -> Result<Patched, StandardRefused> {
        let peer = self.standard_of(now, address, (purpose, id, shown))?;
        let Some(client) = self.peers.get(&peer).and_then(|peer| peer.standard.as_deref()) else {
            return Err(StandardRefused::NoSession);
        };
        match tags {
            [] => return Err(StandardRefused::NoTag),
            tags if !tags.iter().any(|tag| *tag == "*" || *tag == client.tag()) => {
                return Err(StandardRefused::OldTag);
            }
            _ => {}
        }
        let Some(fresh) = Credentials::read(fragment) else {
            return Err(StandardRefused::BadFragment);
        };
        if Credentials::read(&client.sdp).as_ref() == Some(&fresh) {
            return Ok(Patched::Noted);
        }
        if client.asked {
            return Err(StandardRefused::Asked);
        }
        let id = client.id;
        let sdp = fresh.put_into(&client.sdp);
        let read = self.read_standard(now, address, purpose, &sdp)?;
        let offer = self.parse_standard(&read)?;
        self.pass_to_worker(now, peer, (offer, &read), false);
        self.run_due(now);
        Ok(Patched::Awaited(id))
    }

    /// What whoever comes by a standard tool may ask for their outer address.
    #[must_use]
    pub fn stun_servers(&self) -> Vec<IceServer> {
        stun::servers(&self.config.stun)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StandardRefused`] says why not.
    pub fn close_standard(
        &mut self,
        now: Now,
        address: ClientAddress,
        whose: (Purpose, &str, Option<&str>),
    ) -> Result<(), StandardRefused> {
        let peer = self.standard_of(now, address, whose)?;
        self.remove_peer(now, peer);
        self.run_due(now);
        Ok(())
    }

    /// Whoever asked for an answer is gone. If it was to their first offer, they never learned the name of what was opened for them; after
    /// a change they go on with it.
    pub fn abandon_standard(&mut self, now: Now, id: StandardId) {
        let opens = |peer: &PeerId| {
            let client = self.peers.get(peer).and_then(|peer| peer.standard.as_deref());
            client.is_some_and(|client| client.version == 1)
        };
        if let Some(peer) = self.standard.get(&id).copied().filter(opens) {
            self.remove_peer(now, peer);
            self.run_due(now);
        }
    }

    /// Whose session it is. Whoever showed something when they opened it shows it again.
    fn standard_of(
        &mut self,
        now: Now,
        address: ClientAddress,
        (purpose, id, shown): (Purpose, &str, Option<&str>),
    ) -> Result<PeerId, StandardRefused> {
        let found = StandardId::read(id).and_then(|id| self.standard.get(&id).copied());
        let client = found.and_then(|id| Some((id, self.peers.get(&id)?.standard.as_deref()?)));
        let Some((peer, client)) = client.filter(|(_, client)| client.purpose == purpose) else {
            self.asked_in_vain(now, address).map_err(StandardRefused::Over)?;
            return Err(StandardRefused::NoSession);
        };
        match (&client.proof, shown) {
            (None, _) => Ok(peer),
            (Some(_), None) => Err(Refusal::PassNeeded.into()),
            (Some(known), Some(shown)) if *known == proof(shown) => Ok(peer),
            (Some(_), Some(_)) => {
                self.asked_in_vain(now, address).map_err(StandardRefused::Over)?;
                Err(StandardRefused::NotTheirs)
            }
        }
    }

    /// Somebody who may have come so is gone for good.
    pub(super) fn standard_over(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(client) = peer.standard.take() else { return };
        let room = peer.room;
        self.standard.remove(&client.id);
        self.ledger.give(client.address, Resource::StandardClients, 1);
        if let Some(open) = self.rooms.get_mut(&room) {
            open.watchers.retain(|watcher| *watcher != id);
        }
        if client.asked {
            self.outputs
                .push_back(Output::Standard { id: client.id, answer: Err(StandardRefused::NoSession) });
        }
    }
}
