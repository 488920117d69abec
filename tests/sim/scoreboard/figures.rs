//! The figures of one run, their columns, and what they are together.

/// What one run came to. Times are in milliseconds, shares in percent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    pub used: f64,
    pub queue: f64,
    pub frozen: f64,
    pub first: f64,
    pub useful: f64,
    /// Kilobits a second that were shown or heard, and that came.
    pub kbps: f64,
    pub received: f64,
    pub recovers: Option<f64>,
    pub changes: f64,
    pub torn: f64,
    pub silent: f64,
    pub lips: f64,
    pub low: f64,
    pub middle: f64,
    pub high: f64,
}

impl Figures {
    /// All of it in one number from 0 to 100: a picture of 1.5 Mbit/s that never stands still, never changes, is never
    /// silent and does not wait. Each fault takes its part of what the others left.
    pub fn score(&self) -> f64 {
        let picture = (self.kbps / 150.0).ln_1p() / (1_550.0_f64 / 150.0).ln_1p();
        let smooth = (1.0 - 2.0 * self.frozen / 60_000.0).max(0.0);
        let sound = (1.0 - 4.0 * self.silent / 60_000.0).max(0.0);
        let prompt = 1.0 / (1.0 + self.queue / 400.0);
        let steady = 1.0 / (1.0 + self.changes / 60.0);
        100.0 * (0.3 + 0.7 * picture.min(1.0)) * smooth * sound * prompt * steady
    }
}

/// A column of the scoreboard.
pub struct Column {
    pub name: &'static str,
    pub of: fn(&Figures) -> Option<f64>,
    /// Figures are rounded to this.
    pub coarse: f64,
    /// Two runs are alike if they differ by less than this, or by a third.
    pub close: f64,
}

/// The columns, left to right.
pub const COLUMNS: [Column; 16] = [
    Column { name: "score", of: |f| Some(f.score()), coarse: 1.0, close: 8.0 },
    Column { name: "used %", of: |f| Some(f.used), coarse: 5.0, close: 10.0 },
    Column { name: "queue ms", of: |f| Some(f.queue), coarse: 10.0, close: 30.0 },
    Column { name: "frozen ms", of: |f| Some(f.frozen), coarse: 500.0, close: 4_000.0 },
    Column { name: "first ms", of: |f| Some(f.first), coarse: 50.0, close: 400.0 },
    Column { name: "useful %", of: |f| Some(f.useful), coarse: 5.0, close: 15.0 },
    Column { name: "shown kbit/s", of: |f| Some(f.kbps), coarse: 50.0, close: 150.0 },
    Column { name: "came kbit/s", of: |f| Some(f.received), coarse: 50.0, close: 150.0 },
    Column { name: "recovers ms", of: |f| f.recovers, coarse: 500.0, close: 6_000.0 },
    Column { name: "changes", of: |f| Some(f.changes), coarse: 1.0, close: 6.0 },
    Column { name: "torn", of: |f| Some(f.torn), coarse: 10.0, close: 100.0 },
    Column { name: "silent ms", of: |f| Some(f.silent), coarse: 200.0, close: 1_500.0 },
    Column { name: "lips ms", of: |f| Some(f.lips), coarse: 10.0, close: 80.0 },
    Column { name: "q %", of: |f| Some(f.low), coarse: 5.0, close: 15.0 },
    Column { name: "h %", of: |f| Some(f.middle), coarse: 5.0, close: 15.0 },
    Column { name: "f %", of: |f| Some(f.high), coarse: 5.0, close: 15.0 },
];

impl Column {
    /// The median of several runs, rounded.
    pub fn median(&self, runs: &[Figures]) -> Option<f64> {
        let mut values: Vec<f64> = runs.iter().filter_map(self.of).collect();
        values.sort_by(f64::total_cmp);
        let median = values.get(values.len() / 2)?;
        Some((median / self.coarse).round() * self.coarse)
    }

    /// Whether two figures differ by no more than str0m's inner choices make them differ. `slack` is larger for one run
    /// than for a median.
    pub fn alike(&self, one: Option<f64>, other: Option<f64>, slack: f64) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => {
                (one - other).abs() <= slack * self.close.max(one.abs().max(other.abs()) / 3.0)
            }
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}
