//! Names of people and rooms: cleaned before others see them, and told apart. Pure.
//!
//! What a name is made of stays as it is typed, in every script. What nobody can see, what turns the text around it, and
//! what buries it under marks goes:
//!
//! - the text is in Normalization Form C (Unicode Standard Annex #15), each run of blanks is one space;
//! - controls, bidi controls and the other characters that are ignored when shown (`Default_Ignorable_Code_Point` of
//!   `DerivedCoreProperties.txt`) go, but for those that an emoji or a script is written with;
//! - a base bears at most [`MARKS`] marks above, below or around it, and a mark without a base goes.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// Marks without width on one base, after composition. Vietnamese needs none then, Thai and Arabic two, pointed Hebrew and
/// Tibetan names three; beyond four it is a pile that reaches into the lines around it.
const MARKS: usize = 4;

/// How many times longer than the limit a text may be before it is cleaned: one longer than that is refused unread.
const UNCLEANED: usize = 16;

/// Names that look the same are numbered from here.
const SECOND: u32 = 2;

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';
const BLACK_FLAG: char = '\u{1f3f4}';
const CANCEL_TAG: char = '\u{e007f}';
const KEYCAP: char = '\u{20e3}';

/// Letters and digits in the tags of a flag. The longest code of a country's part (CLDR) has six.
const FLAG_TAGS: usize = 6;

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Nothing of it can be seen.
    Invisible,
    /// It has more characters than allowed.
    TooLong,
}

/// The name that others see of what somebody typed.
///
/// # Errors
/// [`Unfit`] if nothing visible is left, or more than `most` characters.
pub(super) fn clean(text: &str, most: usize) -> Result<String, Unfit> {
    if text.chars().nth(most.saturating_mul(UNCLEANED)).is_some() {
        return Err(Unfit::TooLong);
    }
    fit(shown(text, Blanks::One), most)
}

/// What is left of a text that others are to see.
pub(super) fn shown(text: &str, blanks: Blanks) -> String {
    let mut shown = pass(text, blanks);
    // Where something went, what stood apart may compose, or be without what it needs: each pass takes something away.
    loop {
        let again = pass(&shown, blanks);
        if again == shown {
            return shown;
        }
        shown = again;
    }
}

/// The text, if something of it can be seen and it is no longer than `most` characters.
///
/// # Errors
/// [`Unfit`] if not.
pub(super) fn fit(shown: String, most: usize) -> Result<String, Unfit> {
    if !shown.chars().any(is_visible) {
        return Err(Unfit::Invisible);
    }
    if shown.chars().nth(most).is_some() { Err(Unfit::TooLong) } else { Ok(shown) }
}

/// By this two names are compared: the Nickname profile of RFC 8266 (spaces, lower case, NFKC, until nothing changes), and
/// without what is not seen at all, so that `Ann` with a joiner in it is no other name.
pub(super) fn key(name: &str) -> String {
    let mut key = name.to_owned();
    // RFC 8266, 2.1: after four times it is stable or will not be.
    for _ in 0..4 {
        let plain: String = key.chars().filter(|c| !is_ignorable(*c)).collect();
        let words: Vec<&str> = plain.split_whitespace().collect();
        let next: String = words.join(" ").to_lowercase().nfkc().collect();
        if next == key {
            break;
        }
        key = next;
    }
    key
}

/// `name`, or, if that is `taken` (asked by [`key`]), the first of `name (2)`, `name (3)` and so on that is not. With its key.
pub(super) fn told_apart(name: &str, taken: impl Fn(&str) -> bool) -> (String, String) {
    let (mut shown, mut number) = (name.to_owned(), SECOND);
    loop {
        let key = key(&shown);
        if !taken(&key) {
            return (shown, key);
        }
        shown = format!("{name} ({number})");
        number += 1;
    }
}

/// What becomes of blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blanks {
    /// Each run of them is one space, and none is at an end: a name.
    One,
    /// They are as they were typed, line breaks and tabs among them.
    Kept,
}

/// What is kept of a text so far.
#[derive(Default)]
struct Kept {
    text: String,
    /// The character before.
    last: Option<char>,
    /// The one that marks and selectors belong to.
    base: Option<char>,
    /// Marks on it.
    marks: usize,
}

impl Kept {
    fn push(&mut self, c: char) {
        self.text.push(c);
        self.last = Some(c);
    }

    fn blank(&mut self, c: char, blanks: Blanks) {
        match blanks {
            Blanks::Kept => self.push(c),
            Blanks::One if matches!(self.last, None | Some(' ')) => {}
            Blanks::One => self.push(' '),
        }
        self.base = None;
    }

    fn mark(&mut self, c: char) {
        let stacks = c.general_category() != GeneralCategory::SpacingMark;
        if self.base.is_some() && !(stacks && self.marks == MARKS) {
            self.marks += usize::from(stacks);
            self.push(c);
        }
    }

    /// Whether `c`, which is not seen itself, shapes what is around it here.
    fn shapes(&self, c: char, next: Option<char>) -> bool {
        let (Some(last), Some(base)) = (self.last, self.base) else { return false };
        match c {
            ZWNJ | ZWJ => joins_letters(last, base, next) || (c == ZWJ && joins_emoji(last, base, next)),
            _ => last == base && selects(c, base, next),
        }
    }
}

/// Once over the text.
fn pass(text: &str, blanks: Blanks) -> String {
    let chars: Vec<char> = text.nfc().collect();
    let (mut kept, mut rest) = (Kept::default(), chars.as_slice());
    while let Some((&c, after)) = rest.split_first() {
        rest = after;
        if c.is_whitespace() || c == BRAILLE_BLANK {
            kept.blank(c, blanks);
        } else if is_ignorable(c) {
            if kept.shapes(c, after.first().copied()) {
                kept.push(c);
            }
        } else if c.general_category_group() == GeneralCategoryGroup::Mark {
            kept.mark(c);
        } else if !is_nothing(c) {
            kept.push(c);
            (kept.base, kept.marks) = (Some(c), 0);
            if let Some((tags, after)) = flag_tags(c, rest) {
                kept.text.extend(tags);
                kept.last = tags.last().copied();
                rest = after;
            }
        }
    }
    if blanks == Blanks::One {
        kept.text.truncate(kept.text.trim_end().len());
    }
    kept.text
}

/// Of a flag that is spelled in tags (Unicode Technical Standard #51, ED-14a): the tags, and what follows them.
fn flag_tags(c: char, rest: &[char]) -> Option<(&[char], &[char])> {
    let is_tag = |c: &char| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
    let count = rest.iter().take(FLAG_TAGS).take_while(|c| is_tag(c)).count();
    let is_whole = c == BLACK_FLAG && count > 0 && rest.get(count) == Some(&CANCEL_TAG);
    is_whole.then(|| rest.split_at(count + 1))
}

/// After a virama (RFC 5892, A.1 and A.2), before one (Bengali and Kannada), and between letters of a script whose letters
/// join: there a joiner changes what is seen.
fn joins_letters(last: char, base: char, next: Option<char>) -> bool {
    if is_virama(last) {
        return true;
    }
    let script = base.script();
    let is_joiner = matches!(last, ZWNJ | ZWJ);
    next.is_some_and(|next| next.script() == script && (is_cursive(script) || is_virama(next))) && !is_joiner
}

/// Between two pictures, the first perhaps with a skin tone or a selector.
fn joins_emoji(last: char, base: char, next: Option<char>) -> bool {
    base.is_emoji_char() && !base.is_ascii() && last != ZWJ && next.is_some_and(is_picture)
}

fn is_picture(c: char) -> bool {
    c.is_emoji_char() && !c.is_emoji_component()
}

/// `Canonical_Combining_Class` 9 is that of viramas.
fn is_virama(c: char) -> bool {
    canonical_combining_class(c) == 9
}

/// The scripts in daily use whose letters join.
fn is_cursive(script: Script) -> bool {
    use Script::{Adlam, Arabic, Hanifi_Rohingya, Mandaic, Mongolian, Nko, Phags_Pa, Syriac};
    matches!(script, Adlam | Arabic | Hanifi_Rohingya | Mandaic | Mongolian | Nko | Phags_Pa | Syriac)
}

/// Whether `base` has variants that `c` chooses from.
fn selects(c: char, base: char, next: Option<char>) -> bool {
    let script = base.script();
    match c {
        // `1` and such are emoji only as keycaps.
        '\u{fe0e}' | '\u{fe0f}' => base.is_emoji_char() && (!base.is_ascii() || next == Some(KEYCAP)),
        '\u{fe00}'..='\u{fe0d}' => matches!(script, Script::Han | Script::Myanmar | Script::Phags_Pa),
        '\u{e0100}'..='\u{e01ef}' => script == Script::Han,
        '\u{180b}'..='\u{180d}' | '\u{180f}' => script == Script::Mongolian,
        '\u{180e}' => script == Script::Mongolian && next.is_some_and(|next| next.script() == script),
        _ => false,
    }
}

/// A pattern of Braille without a dot.
const BRAILLE_BLANK: char = '\u{2800}';

/// `Default_Ignorable_Code_Point`.
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Neither seen nor of use, although not ignorable: controls, interlinear annotations, an object that is not there, a note
/// without a head, and code points that are no characters.
fn is_nothing(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{fff9}'..='\u{fffc}' | '\u{1d159}' | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

fn is_visible(c: char) -> bool {
    use GeneralCategoryGroup::{Mark, Separator};
    let hidden = matches!(c.general_category_group(), Mark | Separator)
        || matches!(c.general_category(), GeneralCategory::Control | GeneralCategory::Format);
    !hidden && !is_ignorable(c) && c != BRAILLE_BLANK
}

#[cfg(test)]
mod tests;
