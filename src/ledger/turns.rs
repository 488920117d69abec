//! Whose turn it is: one address after the other, whatever each of them has waiting.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::ClientAddress;

/// Things that wait, served round-robin by address: one of each address that has any, then the next. So the wait of somebody
/// does not grow with the queue of anybody else. A thing waits once, however often it was put in.
#[derive(Debug, Clone)]
pub struct Turns<T> {
    waiting: BTreeMap<ClientAddress, VecDeque<T>>,
    order: VecDeque<ClientAddress>,
    known: BTreeSet<T>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), order: VecDeque::new(), known: BTreeSet::new() }
    }
}

impl<T: Ord + Copy> Turns<T> {
    /// Puts a thing of `address` behind those it has waiting, unless it waits already.
    pub fn push(&mut self, address: ClientAddress, thing: T) {
        if !self.known.insert(thing) {
            return;
        }
        let queue = self.waiting.entry(address).or_default();
        if queue.is_empty() {
            self.order.push_back(address);
        }
        queue.push_back(thing);
    }

    /// Takes the thing whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        let address = self.order.pop_front()?;
        let queue = self.waiting.get_mut(&address)?;
        let thing = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&address);
        } else {
            self.order.push_back(address);
        }
        if let Some(thing) = &thing {
            self.known.remove(thing);
        }
        thing
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// How many things wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
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
    fn a_newcomer_waits_for_one_thing_of_each_address_and_not_for_a_queue() {
        let mut turns = Turns::default();
        (0..1_000).for_each(|number| turns.push(address(1), number));
        turns.push(address(2), 5_000);
        turns.push(address(3), 6_000);
        turns.push(address(3), 6_001);
        let first: Vec<i32> = std::iter::from_fn(|| turns.pop()).take(6).collect();
        assert_eq!(first, [0, 5_000, 6_000, 1, 6_001, 2]);
    }

    proptest! {
        /// Everything comes out once, in the order of its address, and between two things of one address at most one of each
        /// other address.
        #[test]
        fn nobody_is_forgotten_or_served_twice_in_a_round(things in proptest::collection::vec((0..5_u8, 0..200_u16), 0..200)) {
            let mut turns = Turns::default();
            let mut first_put: Vec<(u8, u16)> = Vec::new();
            for (owner, thing) in things {
                turns.push(address(owner), thing);
                if first_put.iter().all(|(_, known)| *known != thing) {
                    first_put.push((owner, thing));
                }
            }
            prop_assert_eq!(turns.len(), first_put.len());
            let owner_of = |thing: u16| first_put.iter().find(|(_, known)| *known == thing).map(|(owner, _)| *owner);
            let mut out = Vec::new();
            while let Some(thing) = turns.pop() {
                out.push((owner_of(thing).unwrap(), thing));
            }
            prop_assert!(turns.is_empty() && turns.waiting.is_empty() && turns.order.is_empty());
            for owner in 0..5 {
                let of = |list: &[(u8, u16)]| list.iter().filter(|(who, _)| *who == owner).copied().collect::<Vec<_>>();
                prop_assert_eq!(of(&out), of(&first_put));
                let places: Vec<usize> = out.iter().enumerate().filter(|(_, (who, _))| *who == owner).map(|(at, _)| at).collect();
                for pair in places.windows(2) {
                    let between = &out[pair[0] + 1..pair[1]];
                    for other in 0..5 {
                        prop_assert!(between.iter().filter(|(who, _)| *who == other).count() <= 1);
                    }
                }
            }
        }
    }
}
