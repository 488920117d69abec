//! What people write to each other: lines of text, as harmless as a name. Pure.

use super::names::{self, Blanks, Unfit};

/// How many times longer than its limit a text may be before it is cleaned: one longer than that is refused unread.
const UNCLEANED: usize = 4;

/// Empty lines in a row. More of them push away what others wrote.
const EMPTY_LINES: usize = 1;

/// The text that others see of what somebody wrote: made of what [names](names) are made of, and besides of line breaks, tabs
/// and runs of blanks; without blanks at the ends of lines, and without empty lines at its own.
///
/// # Errors
/// [`Unfit`] if nothing visible is left, or more than `most` characters.
pub(super) fn clean(text: &str, most: usize) -> Result<String, Unfit> {
    if text.chars().nth(most.saturating_mul(UNCLEANED)).is_some() {
        return Err(Unfit::TooLong);
    }
    let shown = names::shown(&with_plain_breaks(text), Blanks::Kept);
    let mut lines = String::new();
    let mut empty = 0;
    for line in shown.split('\n').map(str::trim_end) {
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if !lines.is_empty() {
            lines.extend(std::iter::repeat_n('\n', 1 + empty.min(EMPTY_LINES)));
        }
        lines.push_str(line);
        empty = 0;
    }
    names::fit(lines, most)
}

/// With one character for each line break, whatever it was (Unicode Standard, 5.8).
fn with_plain_breaks(text: &str) -> String {
    let breaks = ['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    text.replace("\r\n", "\n").replace(breaks, "\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is sent, and what others see.
    const HOSTILE: [(&str, &str); 21] = [
        ("Hello", "Hello"),
        ("<b>bold</b><script>alert(1)</script>", "<b>bold</b><script>alert(1)</script>"),
        ("a\u{202e}b\u{202c}c", "abc"),
        ("\u{202e}evil", "evil"),
        ("\u{2066}a\u{2069}\u{200f}b\u{61c}", "ab"),
        ("https://a.example/\u{202e}gpj.exe", "https://a.example/gpj.exe"),
        ("zero\u{200b}width\u{feff}\u{2060}", "zerowidth"),
        ("a\u{0}\u{7}\u{1b}[31mb", "a[31mb"),
        ("one\r\ntwo\rthree\u{2028}four", "one\ntwo\nthree\nfour"),
        ("one\n\n\n\n\n\n\ntwo", "one\n\ntwo"),
        ("one\n \u{200b} \n\t\n\u{3000}\ntwo", "one\n\ntwo"),
        ("\n\n  one  \n\n", "  one"),
        ("if:\n\tthen  that", "if:\n\tthen  that"),
        ("e\u{301}", "é"),
        ("Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}", "Z\u{300}\u{301}\u{302}\u{303}"),
        ("\u{301}a", "a"),
        ("مرحبا 123", "مرحبا 123"),
        ("می\u{200c}خواهم", "می\u{200c}خواهم"),
        ("👩\u{200d}👩\u{200d}👧", "👩\u{200d}👩\u{200d}👧"),
        ("tag\u{e0041}\u{e0042}s", "tags"),
        ("a\u{ffff}b\u{fffc}", "ab"),
    ];

    #[test]
    fn hostile_text_becomes_harmless_and_harmless_text_stays_what_it_is() {
        for (typed, seen) in HOSTILE {
            assert_eq!(clean(typed, 100).as_deref(), Ok(seen), "{typed:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_no_text() {
        for nothing in [
            "",
            " ",
            "\n\n",
            "\u{200b}",
            "\u{202e}\u{202c}",
            "\u{3164}",
            "\u{301}",
            "\u{0}\t\u{2028}",
            "\u{2800}\n\u{2800}",
        ] {
            assert_eq!(clean(nothing, 100), Err(Unfit::Invisible), "{nothing:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_whether_or_not_it_is_cleaned() {
        assert_eq!(clean(&"a".repeat(100), 100).map(|text| text.len()), Ok(100));
        assert_eq!(clean(&"a".repeat(101), 100), Err(Unfit::TooLong));
        assert_eq!(clean(&"a".repeat(100 * 1024), 4_000), Err(Unfit::TooLong));
        assert_eq!(clean(&format!("a{}", "\u{200b}".repeat(300)), 100).as_deref(), Ok("a"));
        assert_eq!(clean(&format!("a{}", "\u{200b}".repeat(400)), 100), Err(Unfit::TooLong));
    }

    /// What makes a text longer or turns it, and what it is made of otherwise.
    fn any_text() -> impl Strategy<Value = String> {
        let mean: Vec<char> = "\u{202e}\u{2066}\u{2069}\u{200f}\u{200b}\u{200d}\u{200c}\u{feff}\u{301}\u{0}\r\n \u{2028}\u{85}\taé<&👩🏽آم"
            .chars()
            .collect();
        prop::collection::vec(prop_oneof![3 => prop::sample::select(mean), 1 => any::<char>()], 0..60)
            .prop_map(|chars| chars.into_iter().collect())
    }

    fn turns(c: char) -> bool {
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
    }

    proptest! {
        #[test]
        fn a_clean_text_is_short_visible_turns_nothing_and_stays_as_it_is(typed in any_text()) {
            if let Ok(text) = clean(&typed, 40) {
                prop_assert!((1..=40).contains(&text.chars().count()));
                prop_assert!(!text.contains(turns), "{:?}", text);
                prop_assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')));
                prop_assert!(!text.contains("\n\n\n"));
                prop_assert_eq!(clean(&text, 40), Ok(text));
            }
        }
    }
}
