//! Who has a place: connections, sockets and bytes by client address, and who gives way when there is no more.
//!
//! Per address and in all, connections that are in no call give way: those that are half open, sockets before their join, and
//! what is idle or busy with HTTP. Whoever is in a call is never closed for somebody else's sake.

use std::collections::BTreeSet;

use super::ids::ConnectionId;
use crate::ledger::{ClientAddress, Crowd, Ledger, Over, Resource};
use crate::limits::{Limit, Limits, Tally};

/// Sockets of one private address from which on the log says once that it may be a proxy or a gateway, behind which everybody
/// shares one visitor's limits: no household has so many.
const SHARED: usize = 50;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its first request is still awaited.
    HalfOpen,
    /// It is for HTTP, or ends.
    Http,
    /// It is a socket (RFC 6455) on which nobody is in a room.
    Outside,
    /// Somebody is in a room on it.
    InCall,
}

impl Stage {
    fn is_socket(self) -> bool {
        matches!(self, Stage::Outside | Stage::InCall)
    }
}

/// What a connection is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whose it is: the other end's, or whom a trusted proxy opened a WebSocket for.
    pub address: ClientAddress,
    /// The other end is a trusted proxy, and it is not known for whom: only the bounds of the whole hold.
    pub is_proxy: bool,
    /// How far it has come.
    pub stage: Stage,
    /// Bytes that are held for it.
    pub bytes: usize,
}

/// The connections there are, by whose they are.
#[derive(Debug, Default)]
pub(super) struct Admission {
    half_open: Crowd<ConnectionId>,
    /// Those that are in no call.
    yielding: Crowd<ConnectionId>,
    by_address: BTreeSet<(ClientAddress, ConnectionId)>,
    told: bool,
}

/// What is to be done with a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// There is a place.
    Accept,
    /// There is one when this connection is gone. Ask again then.
    Evict(ConnectionId),
    /// There is none.
    Refuse,
}

impl Admission {
    /// Whether a connection from `address` has a place.
    pub fn decide(
        &self,
        (address, is_proxy): (ClientAddress, bool),
        ledger: &Ledger,
        limits: &Limits,
        tally: &mut Tally,
    ) -> Decision {
        let mut over = |limit, first: Option<ConnectionId>| {
            tally.hit(limit);
            first.map_or(Decision::Refuse, Decision::Evict)
        };
        let of_whole = |crowd: &Crowd<ConnectionId>| crowd.first().map(|(_, id)| id);
        if !is_proxy && self.half_open.count(address) >= limits.get(Limit::HalfOpenConnectionsPerAddress) {
            return over(Limit::HalfOpenConnectionsPerAddress, self.half_open.first_of(address));
        }
        if self.half_open.len() >= limits.get(Limit::HalfOpenConnections) {
            return over(Limit::HalfOpenConnections, of_whole(&self.half_open));
        }
        match ledger.check(address, Resource::Connections, 1, limits) {
            Err(Over::Address(limit)) if !is_proxy => over(limit, self.yielding.first_of(address)),
            Ok(()) | Err(Over::Rate(..)) => Decision::Accept,
            Err(Over::Address(_) | Over::Whole(_))
                if ledger.total(Resource::Connections) < limits.get(Limit::Connections) =>
            {
                Decision::Accept
            }
            Err(_) => over(Limit::Connections, of_whole(&self.yielding)),
        }
    }

    /// A connection came, became something else, or is gone.
    pub fn change(
        &mut self,
        id: ConnectionId,
        before: Option<Standing>,
        after: Option<Standing>,
        ledger: &mut Ledger,
    ) {
        if before == after {
            return;
        }
        if let Some(old) = before {
            self.remove(id, old);
        }
        if let Some(new) = after {
            self.insert(id, new);
        }
        // Taken before it is given, so that an account does not come and go.
        for (standing, count) in [(after, Ledger::take as fn(&mut Ledger, _, _, _)), (before, Ledger::give)] {
            let Some(standing) = standing else { continue };
            count(ledger, standing.address, Resource::Connections, 1);
            count(ledger, standing.address, Resource::Sockets, usize::from(standing.stage.is_socket()));
            count(ledger, standing.address, Resource::Bytes, standing.bytes);
        }
        if let Some(new) = after.filter(|new| new.stage.is_socket() && !new.is_proxy) {
            self.look_for_a_gateway(new.address, ledger);
        }
    }

    /// The connection to close because too many bytes are held, if there are: of the address that holds most if all hold too
    /// many, else of `address`. One that is in no call, before one that is, and the heaviest of these.
    pub fn too_heavy(
        &self,
        standing: Standing,
        ledger: &Ledger,
        limits: &Limits,
        bytes_of: impl Fn(ConnectionId) -> Option<Standing>,
    ) -> Option<(Limit, ConnectionId)> {
        let over = ledger.check(standing.address, Resource::Bytes, 0, limits).err()?;
        let of_all = ledger.total(Resource::Bytes) > limits.get(Limit::HeldBytes);
        let (limit, address) = match over {
            Over::Address(limit) if !standing.is_proxy => (limit, standing.address),
            _ if of_all => (Limit::HeldBytes, ledger.largest(Resource::Bytes)?),
            _ => return None,
        };
        let ids = self
            .by_address
            .range((address, ConnectionId::FIRST)..=(address, ConnectionId::LAST))
            .map(|(_, id)| *id);
        let known = ids.filter_map(|id| Some((bytes_of(id)?, id))).filter(|(standing, _)| standing.bytes > 0);
        let heaviest = known.max_by_key(|(standing, _)| (standing.stage != Stage::InCall, standing.bytes));
        heaviest.map(|(_, id)| (limit, id))
    }

    /// Connections whose first request is not complete.
    pub fn half_open(&self) -> usize {
        self.half_open.len()
    }

    fn insert(&mut self, id: ConnectionId, standing: Standing) {
        self.by_address.insert((standing.address, id));
        if standing.stage == Stage::HalfOpen {
            self.half_open.insert(standing.address, id);
        }
        if standing.stage != Stage::InCall {
            self.yielding.insert(standing.address, id);
        }
    }

    fn remove(&mut self, id: ConnectionId, standing: Standing) {
        self.by_address.remove(&(standing.address, id));
        self.half_open.remove(standing.address, id);
        self.yielding.remove(standing.address, id);
    }

    fn look_for_a_gateway(&mut self, address: ClientAddress, ledger: &Ledger) {
        let sockets = ledger.held(address, Resource::Sockets);
        if !self.told && sockets >= SHARED && address.is_private() {
            self.told = true;
            log::warn!(
                "{sockets} sockets come from {address}, a private address that is no trusted proxy: everybody behind it \
                 shares one visitor's limits. Name a proxy with --trusted-proxy; Docker's gateway stands there when \
                 Docker translates addresses itself, for IPv6 above all (docs/deploy.md)"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn address(last: u8) -> ClientAddress {
        ClientAddress::of([192, 0, 2, last].into())
    }

    fn idle(last: u8) -> Standing {
        Standing { address: address(last), is_proxy: false, stage: Stage::Http, bytes: 0 }
    }

    #[derive(Default)]
    struct World {
        admission: Admission,
        ledger: Ledger,
        limits: Limits,
        tally: Tally,
        come: usize,
        there: BTreeMap<ConnectionId, Standing>,
    }

    impl World {
        fn with(limits: &[(Limit, usize)]) -> World {
            let set = |limits: Limits, (limit, value): &(Limit, usize)| limits.with(*limit, *value);
            World { limits: limits.iter().fold(Limits::default(), set), ..World::default() }
        }

        fn come(&mut self, standing: Standing) -> ConnectionId {
            let id = ConnectionId::of(self.come);
            self.come += 1;
            self.become_of(id, Some(standing));
            id
        }

        fn become_of(&mut self, id: ConnectionId, after: Option<Standing>) {
            let before = self.there.remove(&id);
            self.there.extend(after.map(|after| (id, after)));
            self.admission.change(id, before, after, &mut self.ledger);
        }

        fn decide(&mut self, last: u8) -> Decision {
            self.admission.decide((address(last), false), &self.ledger, &self.limits, &mut self.tally)
        }
    }

    #[test]
    fn idle_connections_of_whoever_holds_most_give_way_and_calls_do_not() {
        let mut world = World::with(&[(Limit::Connections, 6), (Limit::ConnectionsPerAddress, 4)]);
        let school: Vec<ConnectionId> =
            (0..3).map(|_| world.come(Standing { stage: Stage::InCall, ..idle(1) })).collect();
        let other = world.come(idle(2));
        let attacker = [world.come(idle(9)), world.come(idle(9))];
        assert_eq!(
            world.decide(3),
            Decision::Evict(attacker[0]),
            "not the school, which has more, in a call"
        );
        world.become_of(attacker[0], None);
        assert_eq!(world.decide(3), Decision::Accept);
        let in_call = |last| Some(Standing { stage: Stage::InCall, ..idle(last) });
        world.become_of(other, in_call(2));
        world.become_of(attacker[1], in_call(9));
        world.come(in_call(3).unwrap());
        assert_eq!(world.decide(4), Decision::Refuse, "everybody is in a call");
        world.become_of(school[0], None);
        assert_eq!(world.decide(4), Decision::Accept);
        assert_eq!(world.tally.count(Limit::Connections), 2);
    }

    #[test]
    fn over_its_own_bound_an_address_makes_place_for_itself() {
        let mut world =
            World::with(&[(Limit::ConnectionsPerAddress, 2), (Limit::HalfOpenConnectionsPerAddress, 1)]);
        let half = world.come(Standing { stage: Stage::HalfOpen, ..idle(9) });
        assert_eq!(world.decide(9), Decision::Evict(half));
        assert_eq!(world.decide(8), Decision::Accept);
        world.become_of(half, Some(Standing { stage: Stage::InCall, ..idle(9) }));
        let idle_one = world.come(idle(9));
        assert_eq!(world.decide(9), Decision::Evict(idle_one));
        assert_eq!(world.decide(8), Decision::Accept);
        let proxy = (address(9), true);
        let decision = world.admission.decide(proxy, &world.ledger, &world.limits, &mut world.tally);
        assert_eq!(decision, Decision::Accept, "a trusted proxy comes for everybody");
    }

    #[test]
    fn too_many_bytes_end_the_heaviest_of_the_address_that_holds_them() {
        let mut world = World::with(&[(Limit::HeldBytesPerAddress, 100), (Limit::HeldBytes, 150)]);
        let holding = |last, bytes, in_call| {
            let stage = if in_call { Stage::InCall } else { Stage::Http };
            Standing { stage, bytes, ..idle(last) }
        };
        let first = world.come(holding(1, 90, true));
        let small = world.come(holding(9, 20, false));
        let large = world.come(holding(9, 30, true));
        let heavy = |world: &World, standing| {
            world
                .admission
                .too_heavy(standing, &world.ledger, &world.limits, |id| world.there.get(&id).copied())
        };
        assert_eq!(heavy(&world, holding(9, 30, true)), None);
        world.become_of(large, Some(holding(9, 85, true)));
        assert_eq!(heavy(&world, holding(9, 85, true)), Some((Limit::HeldBytesPerAddress, small)));
        world.become_of(small, None);
        // 175 in all, and neither address is over its own.
        let third = world.come(holding(3, 10, false));
        assert_eq!(heavy(&world, holding(3, 10, false)), Some((Limit::HeldBytes, first)));
        world.become_of(third, None);
    }

    #[test]
    fn nothing_is_left_of_connections_that_are_gone() {
        let mut world = World::default();
        let ids: Vec<ConnectionId> = (0..20).map(|number| world.come(idle(number % 3))).collect();
        for id in &ids {
            let of_another = Standing { stage: Stage::Outside, bytes: 7, ..idle(9) };
            world.become_of(*id, Some(of_another));
        }
        assert_eq!(world.ledger.held(address(9), Resource::Sockets), 20);
        assert_eq!(world.ledger.len(), 1, "a proxy's account goes when it names its clients");
        for id in ids {
            world.become_of(id, None);
        }
        assert!(world.ledger.is_empty() && world.admission.by_address.is_empty());
        assert!(world.admission.yielding.is_empty() && world.admission.half_open.is_empty());
    }
}
