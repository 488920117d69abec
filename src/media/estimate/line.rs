//! The line with the least squares through the last groups, moved on by one group at a time.
//!
//! Sums over the window are kept instead of being added up for each group. They count from an anchor, which is laid anew once the whole
//! window has changed: so numbers stay small, what was rounded goes with it, and a group that lay far away leaves nothing behind.

/// Groups through which the line is laid (libwebrtc).
const GROUPS: usize = 20;

/// With fewer, there is no line (libwebrtc waits for all 20; but few count for little anyway, and at 150 kbit/s twenty take two
/// seconds, in which a queue grows as long).
const LEAST_GROUPS: usize = 6;

/// Squares of the distances from the middle, added up: with less than this all came at once, within some 20 microseconds, and a line
/// through them would be made of rounding.
const LEAST_SPREAD: f64 = 0.01;

/// A group on the line, in milliseconds: when it came, and the smoothed delay then.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Point {
    pub arrived: f64,
    pub delay: f64,
}

/// Of the points in the window, from the anchor.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    arrived: f64,
    delay: f64,
    square: f64,
    product: f64,
}

impl Sums {
    /// Counts a point `times`: once, or minus once to take it away.
    fn count(&mut self, anchor: Point, point: Point, times: f64) {
        let (arrived, delay) = (point.arrived - anchor.arrived, point.delay - anchor.delay);
        self.arrived += times * arrived;
        self.delay += times * delay;
        self.square += times * arrived * arrived;
        self.product += times * arrived * delay;
    }
}

#[derive(Debug, Default)]
pub(super) struct Line {
    points: [Point; GROUPS],
    /// How many of them there are.
    count: usize,
    /// Where the next one goes.
    place: usize,
    anchor: Point,
    sums: Sums,
}

impl Line {
    /// One more group, which takes the place of the oldest.
    pub fn add(&mut self, point: Point) {
        if self.count == 0 {
            self.anchor = point;
        }
        let Some(place) = self.points.get_mut(self.place) else { return };
        let oldest = std::mem::replace(place, point);
        if self.count == GROUPS {
            self.sums.count(self.anchor, oldest, -1.0);
        } else {
            self.count += 1;
        }
        self.sums.count(self.anchor, point, 1.0);
        self.place += 1;
        if self.place == GROUPS {
            self.place = 0;
            self.lay_anchor(point);
        }
    }

    fn lay_anchor(&mut self, anchor: Point) {
        self.anchor = anchor;
        self.sums = Sums::default();
        for point in &self.points {
            self.sums.count(anchor, *point, 1.0);
        }
    }

    /// By how much delay grows with time; `None` if there are too few groups, or they came at once.
    pub fn slope(&self) -> Option<f64> {
        if self.count < LEAST_GROUPS {
            return None;
        }
        let Sums { arrived, delay, square, product } = self.sums;
        let middle = arrived / self.count as f64;
        let spread = square - middle * arrived;
        (spread > LEAST_SPREAD).then(|| (product - middle * delay) / spread)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, with everything added up for each group.
    fn plain(points: &[Point]) -> f64 {
        let count = points.len() as f64;
        let (mut arrived, mut delay) = (0.0, 0.0);
        for point in points {
            arrived += point.arrived;
            delay += point.delay;
        }
        let (arrived, delay) = (arrived / count, delay / count);
        let (mut along, mut square) = (0.0, 0.0);
        for point in points {
            let distance = point.arrived - arrived;
            along += distance * (point.delay - delay);
            square += distance * distance;
        }
        along / square
    }

    /// Adds points that are so far apart in time and delay, and looks at each line.
    fn check(steps: impl IntoIterator<Item = (f64, f64)>, exact: f64) {
        let (mut line, mut points, mut last) = (Line::default(), Vec::new(), Point::default());
        for (time, delay) in steps {
            last = Point { arrived: last.arrived + time, delay: last.delay + delay };
            line.add(last);
            points.push(last);
            let window = &points[points.len().saturating_sub(GROUPS)..];
            if window.len() < LEAST_GROUPS {
                assert_eq!(line.slope(), None);
                continue;
            }
            let (slope, expected) = (line.slope().expect("it has a spread"), plain(window));
            let off = (slope - expected).abs() / (1.0 + expected.abs());
            assert!(off < exact, "{slope} instead of {expected} after {} groups", points.len());
        }
    }

    proptest! {
        #[test]
        fn it_is_the_line_that_everything_added_up_gives(
            steps in proptest::collection::vec((5.0..200.0, -50.0..50.0), 0..200),
        ) {
            check(steps, 1e-9);
        }

        /// The farthest that groups pass on: receivers' clocks may be off by seconds from one to the next.
        #[test]
        fn nor_do_clocks_that_leap_leave_anything_behind(
            steps in proptest::collection::vec(
                prop_oneof![9 => (5.0..50.0, -5.0..5.0), 1 => (1_000.0..5_000.0, -3_000.0..3_000.0)],
                0..200,
            ),
        ) {
            check(steps, 1e-5);
        }
    }

    #[test]
    fn a_day_of_groups_rounds_nothing_off() {
        let steps = (0..400_000_u32).map(|n| (5.0 + f64::from(n % 7) * 37.1, f64::from(n % 5) * 0.3 - 0.5));
        check(steps, 1e-9);
    }

    /// Also just after others that were far apart: what rounding leaves of them is no line.
    #[test]
    fn groups_that_came_at_once_have_no_line() {
        let mut line = Line::default();
        for n in 0..80_u32 {
            let arrived = f64::from(n.min(25)).powi(3) * 7.0 / 3.0;
            line.add(Point { arrived, delay: f64::from(n) * 0.7 });
            let at_once = n as usize >= 25 + GROUPS - 1;
            assert_eq!(line.slope().is_none(), at_once || (n as usize) < LEAST_GROUPS - 1, "{n}");
        }
    }
}
