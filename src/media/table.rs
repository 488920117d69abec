//! What a core has many of, each under a key of its own type: no key is taken for another one's, or for a number.

use std::marker::PhantomData;

use slab::Slab;

/// The key of a row of a [`Table`]. Given anew after its row was removed.
pub trait Key: Copy {
    /// The key of this number.
    fn of(number: u32) -> Self;
    /// Its number.
    fn number(self) -> u32;

    /// Its number, as an index.
    fn index(self) -> usize {
        self.number() as usize
    }
}

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u32);

        impl Key for $name {
            fn of(number: u32) -> $name {
                $name(number)
            }

            fn number(self) -> u32 {
                self.0
            }
        }
    )*};
}

keys! {
    /// A person, on one core.
    PeerKey
    /// A room, on one core.
    RoomKey
    /// A track that is passed on, on one core.
    PublicationKey
}

/// Rows by key.
#[derive(Debug)]
pub struct Table<K, T> {
    rows: Slab<T>,
    keys: PhantomData<K>,
}

impl<K, T> Default for Table<K, T> {
    fn default() -> Table<K, T> {
        Table { rows: Slab::new(), keys: PhantomData }
    }
}

impl<K: Key, T> Table<K, T> {
    /// Adds a row; `None` if there are as many as keys.
    pub fn insert(&mut self, row: T) -> Option<K> {
        let entry = self.rows.vacant_entry();
        let number = u32::try_from(entry.key()).ok()?;
        entry.insert(row);
        Some(K::of(number))
    }

    /// A row.
    #[must_use]
    pub fn get(&self, key: K) -> Option<&T> {
        self.rows.get(key.index())
    }

    /// A row, to change.
    pub fn get_mut(&mut self, key: K) -> Option<&mut T> {
        self.rows.get_mut(key.index())
    }

    /// Takes a row out.
    pub fn remove(&mut self, key: K) -> Option<T> {
        self.rows.try_remove(key.index())
    }

    /// Every row.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// Every row, to change.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.iter_mut().map(|(_, row)| row)
    }
}

#[cfg(test)]
impl<K: Key, T> std::ops::Index<K> for Table<K, T> {
    type Output = T;

    fn index(&self, key: K) -> &T {
        &self.rows[key.index()]
    }
}

#[cfg(test)]
impl<K: Key, T> std::ops::IndexMut<K> for Table<K, T> {
    fn index_mut(&mut self, key: K) -> &mut T {
        &mut self.rows[key.index()]
    }
}
