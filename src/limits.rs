//! Every bound Plenary puts on what others can make it hold or do: one table.
//!
//! A limit has a name, a value, a reason, and a counter that moves each time it was hit. The hearts and the drivers
//! each own a [`Tally`]; `tests/limits` walks [`Limit::ALL`] and fails for a row whose trigger moves nothing.

use std::ops::AddAssign;

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident = $value:expr, $metric:literal;)+) => {
        /// The name of one bound. See each variant for its unit and its reason.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Limit { $($(#[$doc])* $name,)+ }

        impl Limit {
            /// Every limit there is, in the order of the table.
            pub const ALL: &'static [Limit] = &[$(Limit::$name,)+];

            /// The value that holds unless a [`Limits`] says otherwise.
            #[must_use]
            pub const fn default_value(self) -> usize {
                match self { $(Limit::$name => $value,)+ }
            }

            /// The name of the counter that moves when this limit is hit.
            #[must_use]
            pub const fn metric(self) -> &'static str {
                match self { $(Limit::$name => $metric,)+ }
            }
        }
    };
}

limits! {
    /// Bytes of one signaling message that is not an offer. The largest honest one (`view`) is under 16 KiB.
    MessageBytes = 64 * 1024, "limit_message_bytes";
    /// Bytes of one `signal`. A browser's description of four lines with every codec has 10 KiB.
    SignalBytes = 32 * 1024, "limit_signal_bytes";
    /// Bytes a second of what one socket says to other browsers, eight times as many at once: what a call of four needs to
    /// connect is 50 KiB, and the outbox of who hears it holds 1 MiB.
    SignalBytesPerSecond = 16 * 1024, "limit_signal_bytes_per_second";
    /// Messages a second on one socket, twice as many at once; one over 8 KiB counts for each 8 KiB begun. A page says
    /// a few a second; what is over is dropped unread.
    MessagesPerSecond = 50, "limit_messages_per_second";
    /// Frames a second on one socket that are no messages, twice as many at once: pings, pongs, pieces of under 1 KiB of a
    /// message. Browsers answer a ping each 10 s and cut no message so small; what is over ends the socket.
    FramesPerSecond = 50, "limit_frames_per_second";
    /// Pieces of under 1 KiB that one message may come in.
    MessagePieces = 63, "limit_message_pieces";
    /// Offers a second of one socket, after 6 at once. Reading one costs 1 to 4 ms; what is over waits, the newest only.
    OffersPerSecond = 1, "limit_offers_per_second";
    /// Bytes of one `offer` message. 25 slots with every codec measured 160 kB in Chromium.
    OfferBytes = 512 * 1024, "limit_offer_bytes";
    /// m-lines of one offer. 25 video slots, 8 audio slots, own lines and a data channel make 38.
    OfferMedia = 64, "limit_offer_media";
    /// `a=ssrc` lines of one offer: 8,000 of them cost 243 ms to accept and 12 ms at every later step.
    OfferSsrcLines = 256, "limit_offer_ssrc_lines";
    /// `a=candidate` lines of one offer. They are dropped (an ICE-lite end needs none), but somebody counts them.
    OfferCandidateLines = 512, "limit_offer_candidate_lines";
    /// Lines of one offer in all: 55 m-lines with every codec are under 5,000.
    OfferLines = 8_192, "limit_offer_lines";
    /// Characters of a display name.
    NameChars = 64, "limit_name_chars";
    /// Characters of a room's name; an id has up to 23 more.
    RoomNameChars = 64, "limit_room_name_chars";
    /// Bytes of an access token; one that is longer is not read. What is in one, with all its texts as long as they may be, is a
    /// third of that.
    PassBytes = 8 * 1024, "limit_pass_bytes";
    /// Rooms that exist at one time in this process. When there are as many, an empty one of the address that holds most
    /// gives way.
    Rooms = 10_000, "limit_rooms";
    /// Of these, rooms that one address made: what its rate brings about in the five minutes that an empty room is kept.
    RoomsPerAddress = 200, "limit_rooms_per_address";
    /// Rooms that are kept while nobody is in them: those that are made to last, or whose door somebody keeps. Others always have places beside
    /// them.
    RoomsKept = 5_000, "limit_rooms_kept";
    /// Of these, those that one address made.
    RoomsKeptPerAddress = 50, "limit_rooms_kept_per_address";
    /// Rooms made a minute by one address, twice as many at once: a teacher makes one for each group of a class.
    RoomsMadePerMinutePerAddress = 30, "limit_rooms_made_per_minute_per_address";
    /// Entering a room as a new person, a second and address; 15 s' worth at once: 300, a school that comes back when the
    /// server was restarted.
    JoinsPerSecondPerAddress = 20, "limit_joins_per_second_per_address";
    /// Asking for a room that there is not, a minute and address; five minutes' worth at once: a school whose link is mistyped.
    FailedJoinsPerMinutePerAddress = 60, "limit_failed_joins_per_minute_per_address";
    /// Offers read a second and address; 20 s' worth at once: 400, a school that enters with four offers each in the first
    /// minute. At 4 ms each the rate is 8 % of the thread that reads them.
    OffersPerSecondPerAddress = 20, "limit_offers_per_second_per_address";
    /// People an hour and address who are given credentials for the TURN server, as many at once: whoever has them may use
    /// the relay for an hour.
    TurnUsersPerHourPerAddress = 1_000, "limit_turn_users_per_hour_per_address";
    /// Reports of people who get no media, a minute and address; four minutes' worth at once: a school whose firewall lets no media through.
    TroublesPerMinutePerAddress = 30, "limit_troubles_per_minute_per_address";
    /// Milliseconds a socket has until somebody is inside: a page joins with its first message.
    JoinMillis = 10_000, "limit_join_millis";
    /// Milliseconds a socket is kept after `leave`: a client may go from room to room on it.
    RejoinMillis = 60_000, "limit_rejoin_millis";
    /// Addresses in the ledger that hold nothing and only owe, about 200 bytes each: a /48 of IPv6 has 65,536 networks.
    LedgerAccounts = 65_536, "limit_ledger_accounts";
    /// Requests of which an answer is remembered, to be given again: 2 KiB each, for an hour.
    IdempotencyKeys = 4_096, "limit_idempotency_keys";
    /// Of these, those of one client address: what its rate of rooms made brings about in some minutes.
    IdempotencyKeysPerAddress = 256, "limit_idempotency_keys_per_address";
    /// Rooms made a minute by whom one access token is for, twice as many at once, whatever address they come from.
    RoomsMadePerMinutePerIdentity = 30, "limit_rooms_made_per_minute_per_identity";
    /// Entering rooms as somebody new, a minute and whom an access token is for, twice as many at once: nobody is in so many places.
    JoinsPerMinutePerIdentity = 60, "limit_joins_per_minute_per_identity";
    /// Requests about rooms by the API, a second and whom the access token is for that is shown; ten seconds' worth at once.
    RequestsPerSecondPerIdentity = 50, "limit_requests_per_second_per_identity";
    /// People who enter one room as somebody new, a second; ten seconds' worth at once: ten times as many as it holds. One address alone
    /// does not come near that.
    JoinsPerSecondPerRoom = 100, "limit_joins_per_second_per_room";
    /// Requests about one room by the API of who may, a second; ten seconds' worth at once.
    RequestsPerSecondPerRoom = 50, "limit_requests_per_second_per_room";
    /// Bytes of what an application keeps with a room, as JSON.
    MetadataBytes = 4 * 1024, "limit_metadata_bytes";
    /// People in one room.
    PeersPerRoom = 100, "limit_peers_per_room";
    /// People who came by a standard tool (WHIP, WHEP) and are inside.
    StandardClients = 4_000, "limit_standard_clients";
    /// Of these, those of one client address: a wall of screens, a studio.
    StandardClientsPerAddress = 200, "limit_standard_clients_per_address";
    /// People who wait to be let into one room. Who comes then is refused; who waits keeps their place.
    LobbyPerRoom = 50, "limit_lobby_per_room";
    /// Of these, those of one client address: a class that comes in behind one router has a teacher who opens the room.
    LobbyPerAddress = 8, "limit_lobby_per_address";
    /// Tracks one person publishes: camera, microphone, screen, screen audio.
    TracksPerPeer = 4, "limit_tracks_per_peer";
    /// Tiles one `view` names.
    ViewTiles = 128, "limit_view_tiles";
    /// Characters of a message of the chat, cleaned: a page of text. Longer ones are better in a file.
    ChatChars = 4_000, "limit_chat_chars";
    /// Messages of the chat, changes of them included, a second and person; 10 at once. Nobody types as fast.
    ChatPerSecond = 2, "limit_chat_per_second";
    /// Bytes of text a second and person; 32 KiB at once: twice the longest message.
    ChatBytesPerSecond = 2 * 1024, "limit_chat_bytes_per_second";
    /// Bytes of text a second in a room; 128 KiB at once: what eight people may at the same time. At most half of what the lists of
    /// people take of everybody's downlink.
    ChatBytesPerSecondPerRoom = 16 * 1024, "limit_chat_bytes_per_second_per_room";
    /// Reactions a second and person; 10 at once. Nobody sees more of them in a moment.
    ReactionsPerSecond = 2, "limit_reactions_per_second";
    /// Reactions a second in a room; 100 at once: all of a full room clap. What is over is not told.
    ReactionsPerSecondPerRoom = 20, "limit_reactions_per_second_per_room";
    /// Messages of the chat that a room keeps. The oldest goes.
    ChatMessagesPerRoom = 500, "limit_chat_messages_per_room";
    /// Bytes of the chat that a room keeps, 200 for each message besides its text. The oldest goes.
    ChatBytesPerRoom = 256 * 1024, "limit_chat_bytes_per_room";
    /// Bytes of the chats of all rooms. That of the room that nobody has been in for longest goes, or the oldest message of the
    /// room that keeps most.
    ChatBytes = 64 * 1024 * 1024, "limit_chat_bytes";
    /// Files that one person offered through the server and that are not over. A page shows 50.
    FilesPerPeer = 64, "limit_files_per_peer";
    /// Of these, those whose bytes are carried at one time. More would not be there sooner.
    FilesCarriedPerPeer = 3, "limit_files_carried_per_peer";
    /// Those of one client address: at 128 KiB that a file may have on its way, 4 MiB.
    FilesCarriedPerAddress = 32, "limit_files_carried_per_address";
    /// Those of all together: 32 MiB.
    FilesCarried = 256, "limit_files_carried";
    /// Bytes of what is remembered of one person's subscription: a change a second for five minutes in
    /// a call of ten. What is older goes.
    TraceBytes = 64 * 1024, "limit_trace_bytes";
    /// Addresses learned for one peer. Browsers with two interfaces use four; each costs a row in the table.
    AddressesPerPeer = 16, "limit_addresses_per_peer";
    /// Plain STUN requests a second and client address that one worker answers; 10 s' worth at once: 500, a school of 200 people
    /// whose browsers ask on two networks each. They ask again each 10 s for as long as a connection lasts: 500 people do
    /// no more. What an answer to a forged address brings there is 2 kB a second.
    StunPerSecondPerAddress = 50, "limit_stun_per_second_per_address";
    /// Of all addresses together: each costs a worker some microseconds.
    StunPerSecond = 1_000, "limit_stun_per_second";
    /// Media sources (SSRCs) that authenticated on one connection, over its life, and as many that its slots are sent with
    /// (a line that ends and becomes another has a new one): each costs 100 bytes until it ends. A
    /// camera of 3 layers with retransmission has 6, so it may be started anew 150 times; one more ends the connection,
    /// and the client builds another.
    SsrcsPerPeer = 1_024, "limit_ssrcs_per_peer";
    /// Data streams (RFC 8831) that came on one connection, over its life. The page has one channel, which is one; 8,000 made
    /// each step of the connection 464 us. One more ends it.
    DataStreamsPerPeer = 4, "limit_data_streams_per_peer";
    /// Media connections over TCP of one worker. A person needs one, browsers open several and keep the best.
    TcpConnections = 2_048, "limit_tcp_connections";
    /// Of these, those of one client address: a school without UDP has 200 people, and browsers keep one or two.
    TcpConnectionsPerAddress = 512, "limit_tcp_connections_per_address";
    /// Of all of a worker, on which nobody has authenticated. Honest ones do at once; the oldest of the address that has most
    /// of them gives way.
    TcpHalfOpenConnections = 512, "limit_tcp_half_open_connections";
    /// Of these, those of one client address.
    TcpHalfOpenConnectionsPerAddress = 256, "limit_tcp_half_open_connections_per_address";
    /// Milliseconds a media connection has for that.
    TcpHalfOpenMillis = 10_000, "limit_tcp_half_open_millis";
    /// Milliseconds without a byte after which a media connection is over: checks come every few seconds on all that
    /// browsers keep, every 25 s at least.
    TcpIdleMillis = 60_000, "limit_tcp_idle_millis";
    /// Bytes of one frame on a media connection, as of a datagram: nothing honest exceeds an Ethernet frame.
    TcpFrameBytes = 1_500, "limit_tcp_frame_bytes";
    /// Bytes that wait to be written to one media connection. The key frames of five large pictures at once; what is
    /// over is dropped, whole frames of it.
    TcpWriteBytes = 256 * 1024, "limit_tcp_write_bytes";
    /// Bytes that wait for one client's socket. 100 people are 15 kB of `peers`; an answer is 105 kB at most.
    OutboxBytes = 1024 * 1024, "limit_outbox_bytes";
    /// TCP connections that have not finished their first request (TLS handshake included). The oldest of the address that
    /// has most of them gives way.
    HalfOpenConnections = 1_024, "limit_half_open_connections";
    /// Of these, those of one address: a school that comes back when the server was restarted.
    HalfOpenConnectionsPerAddress = 512, "limit_half_open_connections_per_address";
    /// TCP connections in all. One that is in no call gives way, the oldest of the address that has most of them.
    Connections = 8_192, "limit_connections";
    /// Of these, those of one address: 200 people with a socket and six connections that load their page are 1,400.
    ConnectionsPerAddress = 2_048, "limit_connections_per_address";
    /// Sockets of signaling of one address: five full rooms, and as many whose old socket is not known to be dead.
    SocketsPerAddress = 1_000, "limit_sockets_per_address";
    /// Bytes held for all clients: of messages and requests that came in part, of what waits to be sent. The heaviest
    /// connection of the address that holds most is closed, one in no call before one that is.
    HeldBytes = 256 * 1024 * 1024, "limit_held_bytes";
    /// Of these, those of one address: 200 people who all send the largest offer of 160 kB and wait for an answer of 105 kB
    /// at once are 53 MB.
    HeldBytesPerAddress = 64 * 1024 * 1024, "limit_held_bytes_per_address";
    /// Connections at one time to the address where numbers are told. A scraper needs one; the oldest gives way.
    MetricsConnections = 8, "limit_metrics_connections";
    /// Bytes of one HTTP request head.
    HttpHeadBytes = 16 * 1024, "limit_http_head_bytes";
    /// Bytes of one HTTP request body.
    HttpBodyBytes = 64 * 1024, "limit_http_body_bytes";
    /// Milliseconds from the first byte of a connection to its complete request head.
    HttpHeadMillis = 10_000, "limit_http_head_millis";
}

/// The values in force.
#[derive(Debug, Clone)]
pub struct Limits(Vec<usize>);

impl Default for Limits {
    fn default() -> Self {
        Self(Limit::ALL.iter().map(|limit| limit.default_value()).collect())
    }
}

impl Limits {
    /// The value of `limit`, in the unit its documentation names.
    #[must_use]
    pub fn get(&self, limit: Limit) -> usize {
        self.0.get(limit as usize).copied().unwrap_or_else(|| limit.default_value())
    }

    /// The same values with one of them changed.
    #[must_use]
    pub fn with(mut self, limit: Limit, value: usize) -> Self {
        if let Some(slot) = self.0.get_mut(limit as usize) {
            *slot = value;
        }
        self
    }
}

/// How often each limit was hit. Owned by one thread; added up by whoever reports.
#[derive(Debug, Clone)]
pub struct Tally(Vec<u64>);

impl Default for Tally {
    fn default() -> Self {
        Self(vec![0; Limit::ALL.len()])
    }
}

impl Tally {
    /// Counts one hit.
    pub fn hit(&mut self, limit: Limit) {
        if let Some(count) = self.0.get_mut(limit as usize) {
            *count += 1;
        }
    }

    /// How often `limit` was hit.
    #[must_use]
    pub fn count(&self, limit: Limit) -> u64 {
        self.0.get(limit as usize).copied().unwrap_or(0)
    }
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Tally) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }
}
