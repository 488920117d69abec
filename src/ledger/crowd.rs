//! Who gives way when a whole is full.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::ClientAddress;

/// What may give way, by address: the oldest of the address that holds most goes first, so that whoever fills a whole makes
/// room for everybody else. Where several hold as many, the one whose oldest is the oldest of all.
#[derive(Debug, Clone)]
pub struct Crowd<K> {
    members: BTreeMap<ClientAddress, BTreeSet<K>>,
    /// The last one gives way first.
    ranks: BTreeSet<(usize, Reverse<K>, ClientAddress)>,
    len: usize,
}

impl<K> Default for Crowd<K> {
    fn default() -> Self {
        Self { members: BTreeMap::new(), ranks: BTreeSet::new(), len: 0 }
    }
}

impl<K: Ord + Copy> Crowd<K> {
    /// Adds something of `address`. Keys rise with age: the lowest is the oldest.
    pub fn insert(&mut self, address: ClientAddress, key: K) {
        self.change(address, |members| members.insert(key));
    }

    /// Takes something out that does not give way any more, or is gone. False if it was not there.
    pub fn remove(&mut self, address: ClientAddress, key: K) -> bool {
        self.change(address, |members| members.remove(&key))
    }

    /// What gives way next.
    #[must_use]
    pub fn first(&self) -> Option<(ClientAddress, K)> {
        self.ranks.last().map(|(_, Reverse(key), address)| (*address, *key))
    }

    /// The oldest of one address.
    #[must_use]
    pub fn first_of(&self, address: ClientAddress) -> Option<K> {
        self.members.get(&address)?.first().copied()
    }

    /// How many there are of one address.
    #[must_use]
    pub fn count(&self, address: ClientAddress) -> usize {
        self.members.get(&address).map_or(0, BTreeSet::len)
    }

    /// How many there are in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing gives way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn change(&mut self, address: ClientAddress, act: impl FnOnce(&mut BTreeSet<K>) -> bool) -> bool {
        let members = self.members.entry(address).or_default();
        let before = members.len();
        if let Some(oldest) = members.first() {
            self.ranks.remove(&(before, Reverse(*oldest), address));
        }
        let done = act(members);
        self.len = self.len + members.len() - before;
        match members.first() {
            Some(oldest) => {
                self.ranks.insert((members.len(), Reverse(*oldest), address));
            }
            None => {
                self.members.remove(&address);
            }
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(number: u8) -> ClientAddress {
        ClientAddress::of([192, 0, 2, number].into())
    }

    #[test]
    fn whoever_holds_most_makes_room() {
        let mut crowd = Crowd::default();
        crowd.insert(address(9), 0);
        (1..=3).for_each(|key| crowd.insert(address(1), key));
        crowd.insert(address(5), 4);
        assert_eq!(crowd.first(), Some((address(1), 1)));
        assert!(crowd.remove(address(1), 1) && crowd.remove(address(1), 2));
        // Everybody holds one: age decides, not the address.
        assert_eq!(crowd.first(), Some((address(9), 0)));
        assert!(!crowd.remove(address(9), 3));
    }

    proptest! {
        #[test]
        fn it_is_the_oldest_of_the_largest(steps in proptest::collection::vec((0..4_u8, 0..30_u16, any::<bool>()), 0..300)) {
            let mut crowd = Crowd::default();
            let mut model: BTreeSet<(u8, u16)> = BTreeSet::new();
            for (owner, key, adds) in steps {
                if adds {
                    crowd.insert(address(owner), key);
                    model.insert((owner, key));
                } else {
                    prop_assert_eq!(crowd.remove(address(owner), key), model.remove(&(owner, key)));
                }
                let count = |owner: u8| model.iter().filter(|(who, _)| *who == owner).count();
                let oldest = |owner: u8| model.iter().filter(|(who, _)| *who == owner).map(|(_, key)| *key).min();
                let expected = (0..4)
                    .filter(|owner| count(*owner) > 0)
                    .max_by_key(|owner| (count(*owner), Reverse(oldest(*owner)), *owner))
                    .and_then(|owner| Some((address(owner), oldest(owner)?)));
                prop_assert_eq!(crowd.first(), expected);
                prop_assert_eq!(crowd.len(), model.len());
                prop_assert_eq!(crowd.is_empty(), model.is_empty());
                for owner in 0..4 {
                    prop_assert_eq!(crowd.count(address(owner)), count(owner));
                    prop_assert_eq!(crowd.first_of(address(owner)), oldest(owner));
                }
                prop_assert!(crowd.members.len() <= 4 && crowd.ranks.len() == crowd.members.len());
            }
        }
    }
}
