//! Numbers as they are told: the text format of `OpenMetrics` 1.0.

use std::borrow::Cow;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::{Histogram, Kind, Table};

/// What every name begins with.
const PREFIX: &str = "plenary";

/// One row of a table, with what it says now.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// What it is called, without `plenary_` and without `_total`.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// The unit that the name ends with, if it is not a count of things.
    pub unit: Option<&'static str>,
    /// What it does over time.
    pub kind: Kind,
    samples: Samples,
}

#[derive(Debug, Clone, PartialEq)]
enum Samples {
    One(u64),
    /// By the values of one label. They come from this program, never from a client.
    By(&'static str, Vec<(Cow<'static, str>, u64)>),
    /// By the values of two.
    ByTwo([&'static str; 2], Vec<([&'static str; 2], u64)>),
    Spread(Spread),
}

/// A histogram in the unit that it is told in.
#[derive(Debug, Clone, PartialEq)]
struct Spread {
    sum: f64,
    count: u64,
    buckets: Vec<(f64, u64)>,
}

impl Family {
    /// Every row of `table`.
    pub fn of<T: Table>(table: &T) -> impl Iterator<Item = Family> {
        T::ROWS.iter().map(|row| Family {
            name: row.name,
            help: row.help.trim(),
            unit: row.unit,
            kind: row.kind,
            samples: Samples::One((row.get)(table)),
        })
    }

    /// A row with a number for each value of `label`. Values are this program's own words: nothing that a client chose,
    /// and no address, may ever be one.
    pub fn by(
        label: &'static str,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        numbers: impl IntoIterator<Item = (impl Into<Cow<'static, str>>, u64)>,
    ) -> Family {
        let numbers = numbers.into_iter().map(|(value, number)| (value.into(), number)).collect();
        Family { name, help, unit: None, kind, samples: Samples::By(label, numbers) }
    }

    /// The same for each pair of values of two labels. What never happened has no number.
    pub fn by_two(
        labels: [&'static str; 2],
        name: &'static str,
        help: &'static str,
        kind: Kind,
        numbers: impl IntoIterator<Item = ([&'static str; 2], u64)>,
    ) -> Family {
        let samples = Samples::ByTwo(labels, numbers.into_iter().collect());
        Family { name, help, unit: None, kind, samples }
    }

    /// A row that says how what was measured is spread. What is told is in `unit`, of which what was recorded is one part in `parts`.
    pub fn spread<const N: usize>(
        name: &'static str,
        help: &'static str,
        unit: &'static str,
        histogram: &Histogram<N>,
        parts: u32,
    ) -> Family {
        // Exact up to 2^53 parts: three centuries of microseconds.
        #[expect(clippy::cast_precision_loss, reason = "what is lost is less than a reader sees")]
        let told = |number: u64| number as f64 / f64::from(parts);
        let bounded = |(bound, count): (Option<u64>, u64)| (bound.map_or(f64::INFINITY, told), count);
        let buckets = histogram.buckets().map(bounded).collect();
        let spread = Spread { sum: told(histogram.sum()), count: histogram.count(), buckets };
        Family { name, help, unit: Some(unit), kind: Kind::Counter, samples: Samples::Spread(spread) }
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let unit = self.unit.map(|unit| Unit::Other(unit.to_owned()));
        // The library puts the unit behind the name.
        let name = self.unit.and_then(|unit| self.name.strip_suffix(unit)?.strip_suffix('_'));
        let kind = match self.kind {
            _ if matches!(self.samples, Samples::Spread(_)) => MetricType::Histogram,
            Kind::Counter => MetricType::Counter,
            Kind::Gauge | Kind::Peak => MetricType::Gauge,
        };
        let mut metric =
            encoder.encode_descriptor(name.unwrap_or(self.name), self.help, unit.as_ref(), kind)?;
        match &self.samples {
            Samples::One(number) => self.encode_number(*number, metric),
            Samples::Spread(Spread { sum, count, buckets }) => {
                metric.encode_histogram::<NoLabelSet>(*sum, *count, buckets, None)
            }
            Samples::ByTwo([one, other], numbers) => {
                numbers.iter().try_for_each(|([of_one, of_other], number)| {
                    let labels = [(*one, *of_one), (*other, *of_other)];
                    self.encode_number(*number, metric.encode_family(&labels)?)
                })
            }
            Samples::By(label, numbers) => numbers.iter().try_for_each(|(value, number)| {
                self.encode_number(*number, metric.encode_family(&[(*label, value.as_ref())])?)
            }),
        }
    }

    fn encode_number(&self, number: u64, metric: MetricEncoder<'_>) -> fmt::Result {
        match self.kind {
            Kind::Counter => ConstCounter::new(number).encode(metric),
            Kind::Gauge | Kind::Peak => ConstGauge::new(number).encode(metric),
        }
    }
}

#[derive(Debug)]
struct All(Vec<Family>);

impl Collector for All {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|family| family.encode(&mut encoder))
    }
}

/// `families` as `OpenMetrics` text, to its `# EOF`.
///
/// # Errors
/// [`fmt::Error`] if the text cannot be written, which a `String` never says.
pub fn encode(families: Vec<Family>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(All(families)));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::metrics! {
        /// What a kitchen counted.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Kitchen as "kitchen" {
            /// Meals that were cooked.
            pub meals: u64,
            /// Pots that are
            /// on the fire.
            pub pots: u64 as Gauge,
            /// Water that was used.
            pub water_litres: u64 as Counter in "litres",
        }
    }

    #[test]
    fn who_is_gone_holds_nothing_and_has_counted() {
        let kitchen = Kitchen { meals: 3, pots: 2, water_litres: 5 };
        assert_eq!(kitchen.retained(), Kitchen { pots: 0, ..kitchen });
    }

    #[test]
    fn each_row_has_its_help_its_type_its_unit_and_its_numbers() {
        let kitchen = Kitchen { meals: 3, pots: 2, water_litres: u64::MAX };
        let guests = Family::by("mood", "guests", "Guests.", Kind::Counter, [("well", 7), ("ill", 0)]);
        let mut waits = Histogram::new(&[250, 1_000]);
        waits.record(200, 2);
        waits.record(2_000, 1);
        let waits = Family::spread("wait_seconds", "Waits.", "seconds", &waits, 1_000);
        let text = encode(Family::of(&kitchen).chain([guests, waits]).collect()).unwrap();
        let expected = "\
# HELP plenary_kitchen_meals Meals that were cooked.
# TYPE plenary_kitchen_meals counter
plenary_kitchen_meals_total 3
# HELP plenary_kitchen_pots Pots that are on the fire.
# TYPE plenary_kitchen_pots gauge
plenary_kitchen_pots 2
# HELP plenary_kitchen_water_litres Water that was used.
# TYPE plenary_kitchen_water_litres counter
# UNIT plenary_kitchen_water_litres litres
plenary_kitchen_water_litres_total 18446744073709551615
# HELP plenary_guests Guests.
# TYPE plenary_guests counter
plenary_guests_total{mood=\"well\"} 7
plenary_guests_total{mood=\"ill\"} 0
# HELP plenary_wait_seconds Waits.
# TYPE plenary_wait_seconds histogram
# UNIT plenary_wait_seconds seconds
plenary_wait_seconds_sum 2.4
plenary_wait_seconds_count 3
plenary_wait_seconds_bucket{le=\"0.25\"} 2
plenary_wait_seconds_bucket{le=\"1.0\"} 2
plenary_wait_seconds_bucket{le=\"+Inf\"} 3
# EOF
";
        assert_eq!(text, expected);
    }
}
