//! Who sends what to whom in the core, row by row.

/// Packets of a picture, of all its sizes together; thirty pictures a second.
pub const FRAME: u64 = 10;

/// How many of them are of which size, when a camera sends three: about 150, 500 and 1,700 kbit/s.
pub const SIZES: [(&str, u64); 3] = [("q", 1), ("h", 2), ("f", 7)];

/// Which of the sizes slots show.
pub const SHOWN: u64 = SIZES[1].1;

/// People of a room in which nobody says or shows anything: what the core has besides.
pub const OTHER_ROOM: u16 = 10;

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
    /// So many people more are in the core, in rooms of [`OTHER_ROOM`] where nobody sends.
    pub others: u16,
    /// On how many cores the room is. Whoever sends first is on the first of them.
    pub cores: u16,
    /// Where the others are.
    pub where_to: WhereTo,
    /// Its instructions are counted, which takes up to a minute.
    pub counted: bool,
}

/// Where those are who do not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhereTo {
    /// On all cores alike.
    Spread,
    /// On all but the first.
    Elsewhere,
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
    /// All rows but those of growth.
    pub fn all() -> Vec<Row> {
        let mut rows = Vec::new();
        for to in [1, 10, 50, 200] {
            for (lines, burst) in [(1, false), (13, false), (13, true)] {
                let name = format!("to {to}, lines {lines}{}", bursts(burst));
                let counted = lines == 13 || to == 10;
                rows.push(Row { burst, counted, ..Row::one_sends(name, to, Lines::Apart(lines)) });
            }
        }
        for (to, pictures) in [(10, 5), (10, 25), (50, 5), (50, 25)] {
            for (sizes, burst) in [(false, false), (false, true), (true, false), (true, true)] {
                let name = format!("to {to}, page {pictures}{}{}", three(sizes), bursts(burst));
                let row = Row::one_sends(name, to, Lines::Page(pictures));
                rows.push(Row { sizes, burst, counted: to == 10 && pictures == 5, ..row });
            }
        }
        for (sizes, burst) in [(false, false), (false, true), (true, false), (true, true)] {
            let name = format!("all 10, page 9{}{}", three(sizes), bursts(burst));
            let row = Row::one_sends(name, 9, Lines::Page(9));
            rows.push(Row { senders: 10, sizes, burst, counted: true, ..row });
        }
        rows.extend(Row::over_cores());
        rows
    }

    /// One room on several cores: what a packet costs that crosses, and how busy the busiest core is.
    fn over_cores() -> Vec<Row> {
        let on = |cores: u16, where_to| {
            move |name: String, to| Row { cores, where_to, ..Row::one_sends(name, to, Lines::Apart(13)) }
        };
        let mut rows = Vec::new();
        for burst in [false, true] {
            let counted = !burst;
            let here = on(1, WhereTo::Spread)(format!("over cores: to 30 here{}", bursts(burst)), 30);
            let there =
                on(2, WhereTo::Elsewhere)(format!("over cores: to 30 elsewhere{}", bursts(burst)), 30);
            rows.extend([here, there].map(|row| Row { burst, counted, ..row }));
        }
        for cores in [1, 2, 4, 8] {
            let row = on(cores, WhereTo::Spread)(format!("over cores: to 200 on {cores}"), 200);
            rows.push(Row { counted: true, ..row });
        }
        rows
    }

    /// The core of person `number`, of those whose room this is.
    pub fn home(&self, number: u16) -> u16 {
        match self.where_to {
            _ if number >= self.people || self.cores == 1 => 0,
            WhereTo::Spread => number % self.cores,
            WhereTo::Elsewhere if number == 0 => 0,
            WhereTo::Elsewhere => 1 + number % (self.cores - 1),
        }
    }

    /// The same room, while the core holds so many people in all.
    pub fn growth() -> [Row; 3] {
        [10, 100, 1_000].map(|people| {
            let row = Row::one_sends(format!("{people} people"), 9, Lines::Apart(13));
            Row { others: people - row.people, ..row }
        })
    }

    fn one_sends(name: String, to: u16, lines: Lines) -> Row {
        let people = to + 1;
        let (sizes, burst, counted) = (false, false, false);
        let (cores, where_to) = (1, WhereTo::Spread);
        Row { name, people, senders: 1, lines, sizes, burst, others: 0, cores, where_to, counted }
    }

    /// Packets that are measured, of all senders together, after as many of each that are not. To a few people: four seconds,
    /// in which what is kept for resending is as much as it will be. To many less, for what each packet costs is seen often.
    pub fn packets(&self) -> u64 {
        match self.people {
            0..=11 => 1_200,
            12..=51 => 600,
            _ => 300,
        }
    }

    /// How many of `packets` that are sent leave, to everybody together.
    pub fn expected(&self, packets: u64) -> u64 {
        let shown = if self.sizes { packets * SHOWN / FRAME } else { packets };
        shown * u64::from(self.people - 1)
    }
}

fn three(sizes: bool) -> &'static str {
    if sizes { ", sizes" } else { "" }
}

fn bursts(burst: bool) -> &'static str {
    if burst { ", bursts" } else { "" }
}
