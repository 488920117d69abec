//! What the loop calls connections.

use mio::Token;

use crate::conference::SocketId;

/// A connection of a client's, as the loop numbers it. No number is used twice, so a late event finds nobody.
///
/// It is also the connection's token in the poll and, once it is a WebSocket, the number of its [`SocketId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ConnectionId(usize);

impl ConnectionId {
    /// The first one there is. Smaller tokens are the loop's own.
    pub const FIRST: ConnectionId = ConnectionId(16);

    /// No one comes after it.
    pub const LAST: ConnectionId = ConnectionId(usize::MAX);

    /// The connection with this token; `None` if it is none of a connection.
    pub fn of_token(token: Token) -> Option<ConnectionId> {
        Some(ConnectionId(token.0)).filter(|id| *id >= Self::FIRST)
    }

    /// The connection that is this socket.
    pub fn of_socket(socket: SocketId) -> ConnectionId {
        ConnectionId(socket.0)
    }

    /// The one after it.
    pub fn next(self) -> ConnectionId {
        ConnectionId(self.0 + 1)
    }

    /// Under which the poll tells of it.
    pub fn token(self) -> Token {
        Token(self.0)
    }

    /// As the conference knows it.
    pub fn socket(self) -> SocketId {
        SocketId(self.0)
    }

    /// One by its place in a test.
    #[cfg(test)]
    pub fn of(place: usize) -> ConnectionId {
        ConnectionId(Self::FIRST.0 + place)
    }
}
