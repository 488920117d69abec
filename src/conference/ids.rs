//! Ids of rooms: what is made of a name in any script, and of a link as it comes out of chats, mails and hands. Pure.
//!
//! An id is lower-case ASCII letters, digits and dashes: it can be said on the telephone, typed on any keyboard, and no program
//! that passes links on needs to escape it.

use std::borrow::Cow;

use aws_lc_rs::digest;
use data_encoding::BASE32_NOPAD;
use deunicode::deunicode_with_tofu;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use super::names;

/// Bytes by which a listed room is told apart from one whose name reads the same in ASCII. They need not be hard to guess; two
/// that are the same are refused like two names that are.
const OWN_BYTES: usize = 5;

/// What stands for a name nothing of which can be said in ASCII.
const NAMELESS: &str = "room";

/// The part of an id that comes from a name: its words in ASCII, transliterated, with dashes between them, of `most`
/// characters at most. Empty if there is nothing to say. What has this form already stays what it is.
pub(super) fn slug(name: &str, most: usize) -> String {
    let plain: Cow<'_, str> = if name.is_ascii() {
        name.into()
    } else {
        deunicode_with_tofu(&name.nfc().collect::<String>(), " ").into()
    };
    let mut slug = String::new();
    for word in plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let dash = usize::from(!slug.is_empty());
        if slug.len() + dash + word.len() > most {
            // A name of one long word is cut inside it, any other one between two.
            if dash == 0 {
                slug.extend(word.chars().take(most));
            }
            break;
        }
        slug.push_str(if dash == 1 { "-" } else { "" });
        slug.push_str(word);
    }
    slug.make_ascii_lowercase();
    slug
}

/// The ids a listed room of this name may have: first the one to be said, then the one that no other name has.
pub(super) fn of_listed(name: &str, most: usize) -> [String; 2] {
    let slug = slug(name, most);
    let hash = digest::digest(&digest::SHA256, compared(name).as_bytes());
    let own = BASE32_NOPAD.encode(hash.as_ref().get(..OWN_BYTES).unwrap_or_default()).to_ascii_lowercase();
    let own = format!("{}-{own}", if slug.is_empty() { NAMELESS } else { &slug });
    if slug.is_empty() { [own.clone(), own] } else { [slug, own] }
}

/// Whether two names are one: but for case, width, blanks and dashes, which nobody says on the telephone.
pub(super) fn is_same_name(one: &str, other: &str) -> bool {
    compared(one) == compared(other)
}

fn compared(name: &str) -> String {
    let between = |c: char| {
        c.is_whitespace()
            || matches!(
                c.general_category(),
                GeneralCategory::DashPunctuation | GeneralCategory::ConnectorPunctuation
            )
    };
    let key = names::key(name);
    let words: Vec<&str> = key.split(between).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Without what surrounds a link in a text, or is taken for a part of it: dots, commas, brackets, quotation marks, slashes.
pub(super) fn without_ends(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || c.general_category_group() == GeneralCategoryGroup::Punctuation
            || matches!(c, '<' | '>' | '|' | '`' | '~' | '^')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 64;

    #[test]
    fn an_id_is_what_one_can_say_on_the_telephone_in_every_script() {
        for (name, id) in [
            ("Team Room", "team-room"),
            ("  --Sprint #12: review!", "sprint-12-review"),
            ("Café Olé", "cafe-ole"),
            ("Straße", "strasse"),
            ("Συνάντηση", "sunantese"),
            ("Встреча 1", "vstrecha-1"),
            ("会議", "hui-yi"),
            ("会議 1", "hui-yi-1"),
            ("اجتماع", "jtm"),
            ("חדר", "khdr"),
            ("회의", "hoeyi"),
            ("ห้อง", "h-ng"),
            ("प्रिया", "priyaa"),
            ("🎉", "tada"),
            ("ＦＵＬＬ", "full"),
            ("\u{e000}", ""),
            ("!!!", ""),
        ] {
            assert_eq!(slug(name, MOST), id, "{name}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_its_words() {
        assert_eq!(slug("one two three", 8), "one-two");
        assert_eq!(slug("one two three", 7), "one-two");
        assert_eq!(slug("one two three", 6), "one");
        assert_eq!(slug("onetwothree", 6), "onetwo");
        assert!(slug(&"会".repeat(64), MOST).len() <= MOST);
    }

    #[test]
    fn names_that_read_the_same_in_ascii_have_ids_of_their_own() {
        let [first, own] = of_listed("Café", MOST);
        let [other, others_own] = of_listed("Cafe", MOST);
        assert_eq!((&*first, &*other), ("cafe", "cafe"));
        assert_ne!(own, others_own);
        assert!(own.starts_with("cafe-") && own.len() == "cafe-".len() + 8, "{own}");
        assert!(of_listed("!!!", MOST)[0].starts_with("room-"));
        assert_ne!(of_listed("!!!", MOST)[0], of_listed("???", MOST)[0]);
    }

    #[test]
    fn case_width_blanks_and_dashes_make_no_other_name() {
        for (one, other, same) in [
            ("Team Room", "team-room", true),
            ("Team  Room", "ＴＥＡＭ＿ＲＯＯＭ", true),
            ("Café", "Cafe\u{301}", true),
            ("Café", "Cafe", false),
            ("C++", "C", false),
            ("会議 1", "Встреча 1", false),
        ] {
            assert_eq!(is_same_name(one, other), same, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_id_that_stays_what_it_is(name in any::<String>(), most in 1_usize..80) {
            let short = slug(&name, most);
            prop_assert!(short.len() <= most);
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            for id in of_listed(&name, most).iter().chain([&short]) {
                prop_assert!(id.chars().all(is_plain), "{id}");
                prop_assert!(!id.starts_with('-') && !id.ends_with('-') && !id.contains("--"), "{id}");
                prop_assert_eq!(&slug(id, usize::MAX), id);
                prop_assert_eq!(&slug(&format!("<{}/>. ", id.to_uppercase()), usize::MAX), id);
            }
            prop_assert!(!of_listed(&name, most)[0].is_empty());
        }

        #[test]
        fn a_name_is_itself_however_it_is_composed_and_two_that_differ_differ_in_their_own_ids(
            one in "\\PC{1,20}", other in "\\PC{1,20}",
        ) {
            prop_assert!(is_same_name(&one, &one.nfd().collect::<String>()));
            let [a, b] = [&one, &other].map(|name| of_listed(name, MOST));
            prop_assert_eq!(a[1] == b[1], is_same_name(&one, &other) && a[0] == b[0]);
        }
    }
}
