//! QR codes (ISO/IEC 18004) of links: for the terminal and for the page.

use std::fmt::Write;

use qrcode::render::unicode::Dense1x2;
use qrcode::types::Color;
use qrcode::{EcLevel, QrCode};
use serde::Serialize;

/// Bytes of a link at most. A longer one would be a code of more than 61 modules a side, which a phone no longer reads at
/// arm's length on a screen.
const MOST_BYTES: usize = 250;

/// Black on white whatever the colours of the terminal are: readers need the dark modules dark. The two are of the fixed
/// part of the 256 colours, which no theme changes.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const AS_BEFORE: &str = "\x1b[0m";

/// The modules of a code, without the quiet zone of four that belongs around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Modules {
    /// The rows from above: `1` is dark, `0` is light. As many as each has characters.
    rows: Vec<String>,
}

impl Modules {
    /// The code of `link`, of which 15 % may be unreadable. `None` if the link is too long for one.
    #[must_use]
    pub fn of(link: &str) -> Option<Self> {
        let code = code_of(link, EcLevel::M)?;
        let mark = |color: &Color| if *color == Color::Dark { '1' } else { '0' };
        let colors = code.to_colors();
        let rows = colors.chunks(code.width()).map(|row| row.iter().map(mark).collect()).collect();
        Some(Self { rows })
    }

    /// See the field.
    #[must_use]
    pub fn rows(&self) -> &[String] {
        &self.rows
    }
}

/// The code of `link` in lines for a terminal, two rows of modules in each, as small as it gets. `None` if the link is too
/// long for one.
#[must_use]
pub fn for_terminal(link: &str) -> Option<String> {
    let code = code_of(link, EcLevel::L)?;
    let mut lines = String::new();
    for line in code.render::<Dense1x2>().build().lines() {
        let _ = writeln!(lines, "{BLACK_ON_WHITE}{line}{AS_BEFORE}");
    }
    Some(lines)
}

fn code_of(link: &str, level: EcLevel) -> Option<QrCode> {
    if link.len() > MOST_BYTES {
        return None;
    }
    QrCode::with_error_correction_level(link, level).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://192.168.178.21:8443/r/team-room-k3xwq2ab-7hmzq4tcvd5pe";

    /// What a phone reads of these modules, with the quiet zone around them.
    fn read(rows: &[Vec<bool>]) -> Option<String> {
        const SCALE: usize = 4;
        const QUIET: usize = 4;
        let side = (rows.len() + 2 * QUIET) * SCALE;
        let dark = |at: usize, across: usize| {
            let module = |at: usize| (at / SCALE).checked_sub(QUIET);
            rows.get(module(at)?)?.get(module(across)?).copied()
        };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
            if dark(y, x).unwrap_or(false) { 0 } else { 255 }
        });
        let found = image.detect_grids();
        Some(found.first()?.decode().ok()?.1)
    }

    /// The modules that lines of a terminal show: the upper and the lower half of each character.
    fn shown(lines: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in lines.lines() {
            let line = line.strip_prefix(BLACK_ON_WHITE).unwrap().strip_suffix(AS_BEFORE).unwrap();
            let half = |darks: [char; 2]| line.chars().map(|c| darks.contains(&c)).collect::<Vec<bool>>();
            rows.extend([half(['█', '▀']), half(['█', '▄'])]);
        }
        rows
    }

    #[test]
    fn a_phone_reads_the_link_from_the_page_and_from_the_terminal() {
        for link in [LINK, "https://10.0.0.5:8443", "https://[2001:db8:1:2:3:4:5:6]:61443/r/a"] {
            let modules = Modules::of(link).unwrap();
            let rows: Vec<Vec<bool>> =
                modules.rows().iter().map(|row| row.chars().map(|c| c == '1').collect()).collect();
            assert!(rows.iter().all(|row| row.len() == rows.len()), "a square");
            assert_eq!(read(&rows).as_deref(), Some(link), "the page");
            assert_eq!(read(&shown(&for_terminal(link).unwrap())).as_deref(), Some(link), "the terminal");
        }
    }

    #[test]
    fn the_code_of_the_home_page_fits_a_terminal_of_80_by_24() {
        let lines = for_terminal("https://192.168.178.21:8443").unwrap();
        let rows = shown(&lines);
        assert!(rows[0].len() <= 37 && lines.lines().count() <= 19, "{lines}");
        let edge = |row: &Vec<bool>| !row[..4].contains(&true) && !row[row.len() - 4..].contains(&true);
        assert!(rows.iter().all(edge), "readers need the quiet zone");
    }

    #[test]
    fn a_link_that_is_too_long_has_no_code() {
        let longest = "x".repeat(MOST_BYTES);
        assert!(Modules::of(&longest).is_some_and(|code| code.rows().len() <= 61));
        assert_eq!(Modules::of(&"x".repeat(MOST_BYTES + 1)), None);
        assert_eq!(for_terminal(&"x".repeat(MOST_BYTES + 1)), None);
    }
}
