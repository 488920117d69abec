//! Sockets: who is inside on which, what comes on them, what is said on them.

use std::sync::Arc;

use super::funnel::{Attempt, Loss};
use super::parse::{self, Said};
use super::protocol::{ErrorCode, KnockId, ServerMessage};
use super::rate::{Flow, Passage};
use super::refusal::Refusal;
use super::timers::Timer;
use super::{Conference, Now, Output, SocketId, StateKey};
use crate::faults::{Trap, trip};
use crate::ledger::ClientAddress;
use crate::limits::Limit;
use crate::media::ids::{PeerId, Track};

/// The close code (RFC 6455, section 7.4.2) of a socket whose session continues on another one.
pub(super) const CLOSE_TAKEN_OVER: u16 = 4001;

/// The close code (RFC 6455, section 7.4.1) of a socket that does not stop sending too much.
const CLOSE_POLICY: u16 = 1008;

/// The close code (RFC 6455, section 7.4.1) of a socket whose person the server made a mistake about.
const CLOSE_FAULT: u16 = 1011;

/// Who speaks on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SocketState {
    /// Nobody yet, or nobody any more.
    Outside,
    /// A person in a room.
    Inside(PeerId),
    /// Somebody who waits to be let in.
    Waiting(KnockId),
    /// It is being closed: what still comes from it is not heard.
    Closing,
}

/// Refusals that are remembered for the log between two looks at them: a turn has no more unless it is an attack.
const MOST_REFUSED: usize = 1_024;

/// One socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) address: ClientAddress,
    /// Somebody was inside on it, and left.
    pub(super) left: bool,
    pub(super) state: SocketState,
    /// The room for which somebody waits on it.
    pub(super) waits_for: Option<Arc<str>>,
    pub(super) flow: Flow,
    /// Somebody was refused on it.
    turned_away: bool,
    /// The way into a call of whoever comes by it; nothing while they are inside.
    pub(super) attempt: Option<Attempt>,
}

impl Socket {
    fn loss(&self) -> Loss {
        match self.state {
            _ if self.turned_away => Loss::TurnedAway,
            SocketState::Closing => Loss::SocketClosed,
            _ => Loss::Left,
        }
    }
}

impl Conference {
    /// A client connected from `address`.
    pub fn socket_opened(&mut self, now: Now, socket: SocketId, address: ClientAddress) {
        self.tokens.socket_opened(now);
        let (state, flow) = (SocketState::Outside, Flow::default());
        self.gone(now, socket);
        let (attempt, left, turned_away) = (self.funnel.begin(), false, false);
        let opened = Socket { address, left, state, waits_for: None, flow, turned_away, attempt };
        self.sockets.insert(socket, opened);
        self.expect_join(now, socket, Limit::JoinMillis);
        self.run_due(now);
    }

    /// The work for this client, or because of it, ended in the middle by a fault of the program's. Only what it could
    /// have left half done is done away with: the person leaves, whatever is known of them. The driver closes the socket.
    pub fn socket_failed(&mut self, now: Now, socket: SocketId) {
        match self.sockets.get(&socket).map(|client| client.state) {
            Some(SocketState::Waiting(knock)) => drop(self.stop_waiting(socket, knock)),
            Some(SocketState::Inside(peer)) => self.remove_peer(now, peer),
            _ => {}
        }
        self.forget_socket(socket);
    }

    /// The same of a person, while something was done that a worker had told of them.
    pub fn peer_failed(&mut self, now: Now, peer: PeerId) {
        if let Some(socket) = self.socket_of(peer) {
            self.close(socket, CLOSE_FAULT, "the server made a mistake");
        }
        self.remove_peer(now, peer);
    }

    /// A client sent a text message. At most one `error` comes of it.
    pub fn socket_text(&mut self, now: Now, socket: SocketId, text: &str) {
        let Some(client) =
            self.sockets.get_mut(&socket).filter(|client| client.state != SocketState::Closing)
        else {
            return;
        };
        let state = client.state;
        let done = match client.flow.message(now.instant, text.len(), &self.config.limits) {
            Passage::Read => match state {
                SocketState::Inside(peer) => self.text_from_inside(now, socket, peer, text),
                SocketState::Waiting(knock) => self.text_from_lobby(now, socket, knock, text),
                SocketState::Outside | SocketState::Closing => self.text_from_outside(now, socket, text),
            },
            over => self.text_over_rate(now, socket, over),
        };
        if let Err(refusal) = done {
            self.refuse(socket, refusal);
        }
        self.run_due(now);
    }

    /// A message that is dropped unread.
    fn text_over_rate(&mut self, now: Now, socket: SocketId, passage: Passage) -> Result<(), Refusal> {
        self.tally.hit(Limit::MessagesPerSecond);
        match passage {
            Passage::Close => {
                self.counters.flooders += 1;
                let state = self.sockets.get(&socket).map(|client| client.state);
                self.close(socket, CLOSE_POLICY, "more messages than a client may send");
                if let Some(SocketState::Inside(peer)) = state {
                    self.detach(now, peer, socket);
                }
                Ok(())
            }
            Passage::DropAndTell => {
                let most = self.config.limits.get(Limit::MessagesPerSecond);
                Err(Refusal::TooManyMessages { most })
            }
            Passage::Drop | Passage::Read => Ok(()),
        }
    }

    /// A client's browser closes the socket because its page goes away (RFC 6455 section 7.4.1, code 1001). The page says
    /// `leave` then, too, but browsers do not always send that in time. `socket_closed` follows.
    pub fn socket_away(&mut self, now: Now, socket: SocketId) {
        if let Some(&SocketState::Inside(peer)) = self.sockets.get(&socket).map(|client| &client.state) {
            self.leave(now, socket, peer, true);
        }
        self.run_due(now);
    }

    /// A client's socket is gone, whoever closed it.
    pub fn socket_closed(&mut self, now: Now, socket: SocketId) {
        self.timers.clear(&Timer::Join(socket));
        self.gone(now, socket);
        self.run_due(now);
    }

    fn forget_socket(&mut self, socket: SocketId) {
        if let Some(mut client) = self.sockets.remove(&socket) {
            let loss = client.loss();
            self.funnel.lose(&mut client.attempt, loss);
        }
    }

    /// The way of whoever comes in on a socket: another one if somebody was inside on it before.
    pub(super) fn attempt_on(&mut self, socket: SocketId) -> Option<Attempt> {
        let begun = self.sockets.get_mut(&socket)?.attempt.take();
        begun.or_else(|| self.funnel.begin())
    }

    /// Nobody is on a socket any more.
    fn gone(&mut self, now: Now, socket: SocketId) {
        match self.sockets.get(&socket).map(|client| client.state) {
            Some(SocketState::Inside(peer)) => {
                self.forget_socket(socket);
                self.detach(now, peer, socket);
            }
            Some(SocketState::Waiting(knock)) => {
                self.stop_waiting(socket, knock);
                self.forget_socket(socket);
            }
            _ => self.forget_socket(socket),
        }
    }

    fn text_from_outside(&mut self, now: Now, socket: SocketId, text: &str) -> Result<(), Refusal> {
        let join = parse::read_join(text, &self.config.limits, &mut self.tally)?;
        self.join(now, socket, &join)?;
        self.begin_history(now, socket, join.chat);
        Ok(())
    }

    fn text_from_lobby(
        &mut self,
        now: Now,
        socket: SocketId,
        knock: KnockId,
        text: &str,
    ) -> Result<(), Refusal> {
        match parse::read(text, &self.config.limits, &mut self.tally)? {
            Said::Leave { .. } => {
                self.stop_waiting(socket, knock);
                self.set_state(socket, SocketState::Outside);
                self.expect_join(now, socket, Limit::RejoinMillis);
                Ok(())
            }
            Said::Ping => {
                self.send(socket, &ServerMessage::Pong, None);
                Ok(())
            }
            _ => Err(Refusal::NotJoined),
        }
    }

    fn text_from_inside(
        &mut self,
        now: Now,
        socket: SocketId,
        peer: PeerId,
        text: &str,
    ) -> Result<(), Refusal> {
        self.welcome_arrived(peer);
        trip(Trap::Message, text);
        let said = parse::read(text, &self.config.limits, &mut self.tally)?;
        if !self.may(peer, said.action()) {
            return Err(Refusal::NotGranted.of_chat(said.reference()));
        }
        match said {
            Said::Offer(offer) => self.offer(now, socket, peer, offer),
            Said::View(tiles) => self.view(now, peer, tiles),
            Said::Mute(mute) => {
                self.mute(now, peer, Track { stream: mute.stream, kind: mute.kind }, mute.muted)
            }
            Said::Limited(limited) => self.limited(now, peer, &limited),
            Said::Signal(signal) => self.signal(now, (socket, peer), text.len(), signal),
            Said::File(said) => self.file(now, (socket, peer), text.len(), said),
            Said::Direct(direct) => {
                self.direct(now, peer, &direct);
                Ok(())
            }
            Said::HideAddress(hidden) => {
                self.hide_address(now, peer, hidden);
                Ok(())
            }
            Said::Topology(topology) => {
                self.choose_topology(now, peer, topology);
                Ok(())
            }
            Said::Chat(chat) => self.chat(now, peer, &chat),
            Said::ChatEdit(edit) => self.chat_edit(now, peer, &edit),
            Said::ChatDelete(delete) => self.chat_delete(now, peer, &delete),
            Said::Typing(typing) => {
                self.typing(now, peer, typing);
                Ok(())
            }
            Said::Hand(raised) => {
                self.hand(now, peer, raised);
                Ok(())
            }
            Said::React(reaction) => {
                self.react(now, peer, reaction);
                Ok(())
            }
            Said::Moderate(wish) => self.moderate(now, peer, wish),
            Said::Trouble(report) => self.trouble(now, (socket, peer), *report),
            Said::Shown(way) => {
                self.shown_first(peer, way);
                Ok(())
            }
            Said::Leave { may_return } => {
                self.leave(now, socket, peer, may_return);
                Ok(())
            }
            Said::Ping => {
                self.send(socket, &ServerMessage::Pong, None);
                Ok(())
            }
        }
    }

    pub(super) fn set_state(&mut self, socket: SocketId, state: SocketState) {
        if let Some(client) = self.sockets.get_mut(&socket) {
            client.state = state;
        }
    }

    pub(super) fn refuse(&mut self, socket: SocketId, refusal: Refusal) {
        match self.sockets.get_mut(&socket) {
            Some(client) => {
                client.turned_away = client.attempt.is_some();
                let address = client.address;
                self.note_refused(address, refusal.code());
            }
            None => self.counters.refused(refusal.code()),
        }
        self.send(socket, &refusal.into_message(), None);
    }

    /// Somebody at `address` did not get what they asked for.
    pub(super) fn note_refused(&mut self, address: ClientAddress, code: ErrorCode) {
        self.counters.refused(code);
        if self.refused.len() < MOST_REFUSED {
            self.refused.push((address, code));
        }
    }

    pub(super) fn send(&mut self, socket: SocketId, message: &ServerMessage, key: Option<StateKey>) {
        if let Some(text) = to_text(message) {
            self.send_text(socket, text, key);
        }
    }

    pub(super) fn send_text(&mut self, socket: SocketId, message: Arc<str>, key: Option<StateKey>) {
        self.outputs.push_back(Output::Send { socket, message, key });
    }

    pub(super) fn close(&mut self, socket: SocketId, code: u16, reason: &'static str) {
        self.set_state(socket, SocketState::Closing);
        self.outputs.push_back(Output::Close { socket, code, reason });
    }
}

/// The text of a message. Every message can be written; if one ever could not, it is missing and the log says so.
pub(super) fn to_text(message: &ServerMessage) -> Option<Arc<str>> {
    match serde_json::to_string(message) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            log::error!("a message could not be written: {error}");
            None
        }
    }
}
