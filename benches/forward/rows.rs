//! Who sends what to whom, row by row.

/// Packets of a picture, of all its sizes together; thirty pictures a second.
pub const FRAME: u64 = 10;

/// How many of them are of which size, when a camera sends three: about 150, 500 and 1,700 kbit/s.
pub const SIZES: [(&str, u64); 3] = [("q", 1), ("h", 2), ("f", 7)];

/// Which of the sizes slots show.
pub const SHOWN: u64 = SIZES[1].1;

/// One row: a room, and what is sent in it.
#[derive(Debug, Clone)]
pub struct Row {
    pub name: String,
    pub people: u16,
    /// The first so many of them send pictures.
    pub senders: u16,
    pub lines: Lines,
    /// Cameras send three sizes, of which one is shown.
    pub sizes: bool,
    /// A picture's packets come in one turn of the worker, or each in a turn of its own.
    pub burst: bool,
    /// Its instructions are counted, which takes half a minute.
    pub counted: bool,
}

/// What a client offers.
#[derive(Debug, Clone, Copy)]
pub enum Lines {
    /// Whoever sends: a camera. Everybody else: so many receiving lines, five pictures at most and the rest voices.
    Apart(u8),
    /// What a page offers: its microphone and its camera, five pairs of sound and picture and three more voices, and
    /// pictures up to so many as the room grows.
    Page(u8),
}

impl Row {
    pub fn all() -> Vec<Row> {
        let mut rows = Vec::new();
        for to in [1, 10, 50] {
            for (lines, burst) in [(1, false), (1, true), (13, false), (13, true)] {
                rows.push(Row {
                    name: format!("to {to}, lines {lines}{}", bursts(burst)),
                    people: to + 1,
                    senders: 1,
                    lines: Lines::Apart(lines),
                    sizes: false,
                    burst,
                    counted: (lines == 1 && !burst) || to == 10,
                });
            }
        }
        for (to, pictures) in [(10, 5), (10, 9), (10, 16), (10, 25), (50, 5), (50, 25), (100, 5)] {
            for (sizes, burst) in [(false, false), (false, true), (true, false), (true, true)] {
                let three = if sizes { ", sizes" } else { "" };
                rows.push(Row {
                    name: format!("to {to}, page {pictures}{three}{}", bursts(burst)),
                    people: to + 1,
                    senders: 1,
                    lines: Lines::Page(pictures),
                    sizes,
                    burst,
                    counted: to == 10 && matches!((pictures, sizes), (5, _) | (25, true)),
                });
            }
        }
        for (sizes, burst) in [(false, false), (true, false), (true, true)] {
            let three = if sizes { ", sizes" } else { "" };
            rows.push(Row {
                name: format!("all 10, page 9{three}{}", bursts(burst)),
                people: 10,
                senders: 10,
                lines: Lines::Page(9),
                sizes,
                burst,
                counted: sizes,
            });
        }
        rows
    }

    /// How many of `packets` that are sent leave, to everybody together.
    pub fn expected(&self, packets: u64) -> u64 {
        let shown = if self.sizes { packets * SHOWN / FRAME } else { packets };
        shown * u64::from(self.people - 1)
    }
}

fn bursts(burst: bool) -> &'static str {
    if burst { ", bursts" } else { "" }
}
