//! The numbers a server counts: one table, made where they are declared.
//!
//! [`metrics!`](crate::metrics!) takes a struct of numbers and gives it a [`Table`]: each field becomes a [`Row`] whose
//! help is the field's documentation. So a new number cannot be forgotten by whoever tells them, and `docs/metrics.md` has
//! to name it (`tests/metrics.rs`). Nothing here is shared between threads: a struct has one owner, and copies of it
//! are added up by whoever reports. What is told, and in which form, is [`Family`] and [`encode`].

mod exposition;
mod histogram;

pub use exposition::{Family, encode};
pub use histogram::Histogram;

/// What a number does over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It grows; those of several owners add up.
    Counter,
    /// It is what there is now; those of several owners add up.
    Gauge,
    /// It is the most there ever was; of several owners the largest counts.
    Peak,
}

impl Kind {
    /// The numbers of two owners together.
    #[must_use]
    pub fn together(self, one: u64, other: u64) -> u64 {
        match self {
            Kind::Counter | Kind::Gauge => one.saturating_add(other),
            Kind::Peak => one.max(other),
        }
    }

    /// What stays of a number when its owner is gone.
    #[must_use]
    pub fn retained(self, number: u64) -> u64 {
        if self == Kind::Gauge { 0 } else { number }
    }
}

/// One number of a `T`.
#[derive(Debug)]
pub struct Row<T> {
    /// What it is called: words in lower case with `_` between them.
    pub name: &'static str,
    /// What it says, in sentences that need no other row.
    pub help: &'static str,
    /// The unit, if it is not a count of things: `seconds`, `bytes`. The name ends with it.
    pub unit: Option<&'static str>,
    /// What it does over time.
    pub kind: Kind,
    /// Reads it.
    pub get: fn(&T) -> u64,
}

/// A struct whose numbers are told.
pub trait Table: Sized + 'static {
    /// All of its numbers, in the order of their declaration.
    const ROWS: &'static [Row<Self>];
}

/// Every number of `table` by name.
pub fn named<T: Table>(table: &T) -> impl Iterator<Item = (&'static str, u64)> {
    T::ROWS.iter().map(|row| (row.name, (row.get)(table)))
}

/// Declares a struct of numbers and its [`Table`](crate::metrics::Table).
///
/// ```
/// plenary::metrics! {
///     /// What a kitchen counted.
///     #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
///     pub struct Kitchen as "kitchen" {
///         /// Meals that were cooked.
///         pub meals: u64,
///         /// Pots that are on the fire.
///         pub pots: u64 as Gauge,
///         /// The most pots that ever were on the fire.
///         pub most_pots: u64 as Peak,
///         /// Water that was used.
///         pub water_litres: u64 as Counter in "litres",
///     }
/// }
/// use plenary::metrics::{Table, named};
/// let mut all = Kitchen { meals: 2, pots: 1, most_pots: 4, water_litres: 9 };
/// all += Kitchen { meals: 3, pots: 1, most_pots: 2, water_litres: 1 };
/// let expected =
///     [("kitchen_meals", 5), ("kitchen_pots", 2), ("kitchen_most_pots", 4), ("kitchen_water_litres", 10)];
/// assert_eq!(named(&all).collect::<Vec<_>>(), expected);
/// assert_eq!(Kitchen::ROWS[0].help.trim(), "Meals that were cooked.");
/// assert_eq!(named(&all.retained()).map(|(_, count)| count).collect::<Vec<_>>(), [5, 0, 4, 10]);
/// ```
///
/// The word after `as` comes before each name. A number counts things that happened unless it says otherwise. The
/// documentation of a field is its help: one or more sentences, without links and without relation to another field.
/// Two of one struct add up with `+=`, and `retained` is what stays of one whose owner is gone. Fields that are no numbers of their own stand in a second block,
/// `with { ... }`; such a struct does not add up by itself.
#[macro_export]
macro_rules! metrics {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident as $prefix:literal {
            $($(#[doc = $help:literal])+ pub $field:ident: u64 $(as $kind:ident)? $(in $unit:literal)?,)+
        }
    ) => {
        $(#[$meta])*
        $vis struct $name { $($(#[doc = $help])+ pub $field: u64,)+ }

        $crate::metrics!(@table $name $prefix $($field [$($help)+] [$($kind)?] [$($unit)?];)+);

        impl $name {
            /// What stays of it when its owner is gone, which holds nothing any more.
            #[must_use]
            pub fn retained(mut self) -> $name {
                $(self.$field = $crate::metrics!(@kind $($kind)?).retained(self.$field);)+
                self
            }
        }

        impl ::std::ops::AddAssign for $name {
            fn add_assign(&mut self, other: $name) {
                $(self.$field = $crate::metrics!(@kind $($kind)?).together(self.$field, other.$field);)+
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident as $prefix:literal {
            $($(#[doc = $help:literal])+ pub $field:ident: u64 $(as $kind:ident)? $(in $unit:literal)?,)+
        } with { $($rest:tt)* }
    ) => {
        $(#[$meta])*
        $vis struct $name { $($(#[doc = $help])+ pub $field: u64,)+ $($rest)* }

        $crate::metrics!(@table $name $prefix $($field [$($help)+] [$($kind)?] [$($unit)?];)+);
    };
    (@table $name:ident $prefix:literal $($field:ident [$($help:literal)+] [$($kind:ident)?] [$($unit:literal)?];)+) => {
        impl $crate::metrics::Table for $name {
            const ROWS: &'static [$crate::metrics::Row<$name>] = &[$($crate::metrics::Row {
                name: concat!($prefix, "_", stringify!($field)),
                help: concat!($($help),+),
                unit: $crate::metrics!(@unit $($unit)?),
                kind: $crate::metrics!(@kind $($kind)?),
                get: |table| table.$field,
            },)+];
        }
    };
    (@kind) => { $crate::metrics::Kind::Counter };
    (@kind $kind:ident) => { $crate::metrics::Kind::$kind };
    (@unit) => { None };
    (@unit $unit:literal) => { Some($unit) };
}
