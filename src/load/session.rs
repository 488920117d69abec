//! What one person says to the server and hears from it: `docs/protocol.md`, as the page speaks it. Sans-IO.

use std::collections::VecDeque;

use crate::conference::protocol::{
    ClientMessage, ErrorCode, PROTOCOL, PeerInfo, PublishTrack, ServerMessage, SlotLimits,
};
use crate::media::ids::{Kind, Layer, OfferId, PeerId, Stream, Track};
use crate::media::message::{SlotLine, Tile, TrackLine};
use crate::media::units::Bitrate;

/// How tall the tiles of a view are, in pixels: those of a gallery.
const TILE_HEIGHT: u16 = 360;

/// What follows from a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// We are in. The connection that there was is gone if `anew`.
    Entered {
        /// There is nothing to go on with.
        anew: bool,
    },
    /// The answer to our newest offer.
    Answer(String),
    /// The layers our camera is to send from now on.
    Send(Vec<(Layer, Bitrate)>),
    /// The connection is of no use: another one is to be offered.
    Rebuild,
    /// We send more than was asked for.
    LessMedia,
    /// We are refused.
    GiveUp(ErrorCode, String),
}

/// One person's signaling.
#[derive(Debug)]
pub(crate) struct Session {
    room: String,
    name: String,
    /// An access token.
    pass: Option<String>,
    tracks: Vec<Track>,
    /// How many pictures are shown, if we say so.
    view: Option<u8>,
    /// So many of the others' pictures we skip, so that not everybody shows the same.
    turn: usize,
    peer: Option<PeerId>,
    token: Option<String>,
    limits: Option<SlotLimits>,
    people: Vec<PeerInfo>,
    tiles: Vec<Tile>,
    last_offer: u32,
    in_flight: bool,
    /// Slots for pictures of the newest offer; none before the first one.
    video: Option<u8>,
    unsaid: VecDeque<ClientMessage>,
}

impl Session {
    /// Person `number`, who will publish `tracks` and shows this `pass`.
    pub(crate) fn new(
        (room, pass): (String, Option<String>),
        number: usize,
        tracks: Vec<Track>,
        view: Option<u8>,
    ) -> Session {
        Session {
            room,
            pass,
            name: format!("Load {}", number + 1),
            tracks,
            view,
            turn: number,
            peer: None,
            token: None,
            limits: None,
            people: Vec::new(),
            tiles: Vec::new(),
            last_offer: 0,
            in_flight: false,
            video: None,
            unsaid: VecDeque::new(),
        }
    }

    /// A socket was opened: we enter, or come back.
    pub(crate) fn opened(&mut self) {
        self.unsaid.clear();
        self.in_flight = false;
        self.unsaid.push_back(ClientMessage::Join {
            room: self.room.clone(),
            name: self.name.clone(),
            token: self.token.take(),
            secret: None,
            pass: self.pass.clone(),
            hide_address: None,
            browser: None,
            knock: None,
            room_name: None,
            protocol: Some(PROTOCOL),
            chat: None,
        });
    }

    /// The connection ended: another one is to be offered.
    pub(crate) fn rebuild(&mut self) {
        (self.in_flight, self.video) = (false, None);
    }

    /// We leave, for good.
    pub(crate) fn leave(&mut self) {
        self.unsaid.push_back(ClientMessage::Leave { may_return: false });
    }

    /// What is to be said next.
    pub(crate) fn next_message(&mut self) -> Option<ClientMessage> {
        self.unsaid.pop_front()
    }

    /// Our own tracks.
    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Slots for sound.
    pub(crate) fn audio_slots(&self) -> u8 {
        self.limits.as_ref().map_or(0, |limits| limits.pairs.saturating_add(limits.audio_only))
    }

    /// Something was said.
    pub(crate) fn hear(&mut self, message: ServerMessage) -> Option<Wish> {
        match message {
            ServerMessage::Welcome { peer, token, resumed, media, slots, .. } => {
                (self.peer, self.token, self.limits) = (Some(peer), Some(token), Some(slots));
                let anew = !(resumed && media);
                if anew {
                    self.video = None;
                }
                if !resumed {
                    self.tiles.clear();
                }
                Some(Wish::Entered { anew })
            }
            ServerMessage::Peers { peers, .. } => {
                self.people = peers;
                self.look();
                None
            }
            ServerMessage::Answer { id, sdp } if id.0 == self.last_offer => {
                self.in_flight = false;
                Some(Wish::Answer(sdp))
            }
            ServerMessage::Publish { tracks, .. } => Some(Wish::Send(camera_layers(&tracks)?)),
            ServerMessage::Error { rebuild: true, .. } => {
                self.rebuild();
                Some(Wish::Rebuild)
            }
            ServerMessage::Error { code: ErrorCode::TooMuchMedia, .. } => Some(Wish::LessMedia),
            ServerMessage::Error { code, message, .. } => Some(Wish::GiveUp(code, message)),
            _ => None,
        }
    }

    /// How many slots for pictures the next offer is to have, if there is to be one now.
    pub(crate) fn wants_offer(&self) -> Option<u8> {
        let limits = self.limits.as_ref().filter(|_| self.peer.is_some() && !self.in_flight)?;
        let shown = self.others().count().min(self.view.map_or(usize::MAX, usize::from));
        let mut steps = limits.video_steps.clone();
        steps.sort_unstable();
        let enough = steps.iter().find(|step| usize::from(**step) >= shown).or(steps.last()).copied();
        let wanted = enough.unwrap_or(limits.pairs).max(limits.pairs);
        match self.video {
            Some(have) if wanted <= have => None,
            Some(_) => Some(wanted),
            None => Some(limits.pairs),
        }
    }

    /// An offer was made.
    pub(crate) fn offer(&mut self, sdp: String, video: u8, tracks: Vec<TrackLine>, slots: Vec<SlotLine>) {
        let fresh = self.video.is_none();
        self.last_offer += 1;
        (self.video, self.in_flight) = (Some(video), true);
        let id = OfferId(self.last_offer);
        self.unsaid.push_back(ClientMessage::Offer { id, fresh, sdp, tracks, slots });
    }

    /// The others' pictures, in the order of the list from our own place on.
    fn others(&self) -> impl Iterator<Item = (PeerId, Stream)> {
        let others = self.people.iter().filter(|person| Some(person.id) != self.peer);
        others.flat_map(|person| {
            let shown = person.streams.iter().filter(|stream| stream.video.is_some_and(|video| !video.muted));
            shown.map(|stream| (person.id, stream.stream))
        })
    }

    /// Says what we show, if that is another than before.
    fn look(&mut self) {
        let Some(many) = self.view else { return };
        let others: Vec<_> = self.others().collect();
        let begin = self.turn.checked_rem(others.len()).unwrap_or(0);
        let (before, from) = others.split_at_checked(begin).unwrap_or_default();
        let shown = from.iter().chain(before).take(usize::from(many));
        let tiles: Vec<Tile> = shown
            .map(|(peer, stream)| Tile { peer: *peer, stream: *stream, height: TILE_HEIGHT, pinned: false })
            .collect();
        if tiles != self.tiles || (tiles.is_empty() && !others.is_empty()) {
            self.tiles.clone_from(&tiles);
            self.unsaid.push_back(ClientMessage::View { tiles });
        }
    }
}

/// What is asked of a camera with layers. `None` if we publish none.
fn camera_layers(tracks: &[PublishTrack]) -> Option<Vec<(Layer, Bitrate)>> {
    let camera = tracks.iter().find(|track| (track.stream, track.kind) == (Stream::Camera, Kind::Video))?;
    let of = |layer: &crate::conference::protocol::PublishLayer| {
        let rid = layer.rid.as_deref().and_then(Layer::of_rid).unwrap_or(Layer::High);
        (rid, Bitrate::bps(layer.max_bitrate.into()))
    };
    Some(camera.layers.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn heard(session: &mut Session, message: serde_json::Value) -> Option<Wish> {
        session.hear(serde_json::from_value(message).unwrap())
    }

    fn welcome(resumed: bool) -> serde_json::Value {
        json!({ "type": "welcome", "peer": "00000000000000aa", "token": "t", "resumed": resumed, "media": resumed,
            "room": { "id": "r", "name": "R", "listed": false, "topology": "sfu", "createdAt": 1, "people": 1 },
            "protocol": 2, "grants": [], "slots": { "pairs": 5, "audioOnly": 3, "videoSteps": [5, 9] },
            "encodings": { "camera": [], "screen": [] }, "iceServers": [] })
    }

    fn peers(others: u64) -> serde_json::Value {
        let person = |id: u64| {
            json!({ "id": format!("{id:016x}"), "name": "X", "state": "here",
                "streams": [{ "stream": "screen", "video": { "muted": false } }] })
        };
        json!({ "type": "peers", "version": 1, "peers": (0xaa..=0xaa + others).map(person).collect::<Vec<_>>() })
    }

    fn session(view: Option<u8>) -> Session {
        let mut session = Session::new(("r".to_owned(), None), 1, Vec::new(), view);
        session.opened();
        assert!(matches!(session.next_message(), Some(ClientMessage::Join { token: None, .. })));
        assert_eq!(session.wants_offer(), None, "nobody is in yet");
        session
    }

    #[test]
    fn whoever_enters_offers_as_the_page_does_and_grows_with_the_room() {
        let mut session = session(None);
        assert_eq!(heard(&mut session, welcome(false)), Some(Wish::Entered { anew: true }));
        assert_eq!((session.wants_offer(), session.audio_slots()), (Some(5), 8));
        session.offer("one".to_owned(), 5, Vec::new(), Vec::new());
        heard(&mut session, peers(7));
        assert_eq!(session.wants_offer(), None, "one offer at a time");
        assert_eq!(heard(&mut session, json!({ "type": "answer", "id": 9, "sdp": "x" })), None);
        let answer = heard(&mut session, json!({ "type": "answer", "id": 1, "sdp": "x" }));
        assert_eq!(answer, Some(Wish::Answer("x".to_owned())));
        assert_eq!(session.wants_offer(), Some(9));
        session.offer("two".to_owned(), 9, Vec::new(), Vec::new());
        heard(&mut session, json!({ "type": "answer", "id": 2, "sdp": "x" }));
        heard(&mut session, peers(70));
        assert_eq!(session.wants_offer(), None, "more than the largest step there is not");
        let offers: Vec<_> = std::iter::from_fn(|| session.next_message()).collect();
        assert!(matches!(
            offers[..],
            [
                ClientMessage::Offer { fresh: true, id: OfferId(1), .. },
                ClientMessage::Offer { fresh: false, id: OfferId(2), .. }
            ]
        ));
    }

    #[test]
    fn a_view_names_so_many_of_the_others_and_is_said_when_it_changes() {
        let mut session = session(Some(2));
        heard(&mut session, welcome(false));
        heard(&mut session, peers(4));
        heard(&mut session, peers(4));
        let Some(ClientMessage::View { tiles }) = session.next_message() else { panic!("a view") };
        assert_eq!(tiles.iter().map(|tile| tile.peer.0).collect::<Vec<_>>(), [0xac, 0xad]);
        assert!(session.next_message().is_none());
    }

    #[test]
    fn whoever_comes_back_shows_the_token_once_and_goes_on() {
        let mut session = session(None);
        heard(&mut session, welcome(false));
        session.offer("one".to_owned(), 5, Vec::new(), Vec::new());
        session.opened();
        assert!(matches!(session.next_message(), Some(ClientMessage::Join { token: Some(_), .. })));
        assert_eq!(heard(&mut session, welcome(true)), Some(Wish::Entered { anew: false }));
        assert_eq!(session.wants_offer(), None);
    }

    #[test]
    fn errors_are_told_apart() {
        let mut session = session(None);
        heard(&mut session, welcome(false));
        session.offer("one".to_owned(), 5, Vec::new(), Vec::new());
        let error = |code: &str, rebuild| json!({ "type": "error", "code": code, "message": "m", "rebuild": rebuild });
        assert_eq!(heard(&mut session, error("media-lost", true)), Some(Wish::Rebuild));
        assert_eq!(session.wants_offer(), Some(5));
        assert_eq!(heard(&mut session, error("too-much-media", false)), Some(Wish::LessMedia));
        let full = Wish::GiveUp(ErrorCode::RoomFull, "m".to_owned());
        assert_eq!(heard(&mut session, error("room-full", false)), Some(full));
    }
}
