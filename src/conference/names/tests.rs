//! Names of the world stay; tricks do not.

use proptest::prelude::*;

use super::{MARKS, Unfit, clean, is_ignorable, is_visible, key, told_apart};

const MOST: usize = 64;

/// Names as people write them.
const NAMES: &[&str] = &[
    "Ann",
    "Anne-Marie O’Neill",
    "D'Arcy, J. (guest) #2",
    "José María",
    "Nguyễn Thị Ánh",
    "Đặng Văn Lâm",
    "Ǻsa Þór",
    "Zoë",
    "İpek Işık",
    "Ægir Straße",
    "Ελένη Παπαδοπούλου",
    "Владимир Йосипович",
    "Ђорђе",
    "Գևորգ",
    "გიორგი",
    "محمد علي",
    "مُحَمَّد",
    "عبد الرّحمٰن",
    "علی‌رضا",
    "می‌خواهم",
    "گل‌ها",
    "נועה לוי",
    "שָׁלוֹם",
    "בְּרֵאשִׁית",
    "ܝܘܚܢܢ",
    "ރަޝީދު",
    "प्रिया शर्मा",
    "क्‍ष",
    "क्‌ष",
    "মোহাম্মদ",
    "র‍্যাচেল",
    "ਗੁਰਪ੍ਰੀਤ",
    "ગુજરાતી",
    "தமிழ்ச்செல்வி",
    "శ్రీనివాస్",
    "ಶ್ರೀ",
    "രാജന്‍",
    "സൂര്യനാരായണൻ",
    "ශ්‍රී",
    "สมชาย ก้อง",
    "ผู้ใหญ่ น้ำ",
    "ບຸນມີ",
    "မြတ်နိုး",
    "ကျွန်ုပ်",
    "សុខា",
    "བསྒྲུབས",
    "བཀྲ་ཤིས",
    "ᠮᠣᠩᠭᠣᠯ",
    "ᠨᠠ᠎ᠮ",
    "ᠠ᠋ᠢ",
    "김민준",
    "ᄒᆞᆫ글",
    "王小明",
    "葛\u{e0100}城",
    "山田 太郎",
    "々木さん",
    "ばなな",
    "ጌታቸው",
    "ᏣᎳᎩ",
    "ߒߞߏ",
    "𞤀𞤣𞤢𞤥",
    "👩‍👩‍👧‍👦",
    "👩🏽‍🚀 Sally",
    "🏳️‍🌈",
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿 Ian",
    "🏴‍☠️",
    "🇺🇦 Олена",
    "❤️‍🔥",
    "👁️‍🗨️",
    "1️⃣ #️⃣",
    "☎︎ desk",
    "🙂",
    "¯\\_(ツ)_/¯",
    "2",
];

#[test]
fn the_names_of_the_world_stay_as_they_are() {
    for name in NAMES {
        let composed: String = unicode_normalization::UnicodeNormalization::nfc(*name).collect();
        assert_eq!(clean(name, MOST).as_deref(), Ok(composed.as_str()), "{}", name.escape_unicode());
    }
}

#[test]
fn tricks_are_cleaned_away() {
    for (typed, seen) in [
        ("Bob \u{202e}redaerps", "Bob redaerps"),
        ("\u{2067}Ann\u{2069}", "Ann"),
        ("Ann\u{200e}\u{200f}\u{61c}", "Ann"),
        ("A\u{200b}n\u{2060}n\u{feff}", "Ann"),
        ("A\u{200d}n\u{200c}n", "Ann"),
        ("Ann\u{ad}a", "Anna"),
        ("\u{3164}Ann\u{ffa0}\u{115f}", "Ann"),
        ("Ann\u{e0041}\u{e0042}", "Ann"),
        ("🏴\u{e0067}\u{e0062}", "🏴"),
        ("🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e0067}\u{e0067}\u{e007f}", "🏴"),
        ("Ann\u{fe0f}\u{e0101}", "Ann"),
        ("1\u{fe0f}2", "12"),
        ("🙂\u{200d}", "🙂"),
        ("🙂\u{200d}\u{200d}🙂", "🙂\u{200d}🙂"),
        ("Ann\u{1b}[31m\u{0}", "Ann[31m"),
        ("\t Ann \n\u{2028} Lee\u{a0}\u{2800}", "Ann Lee"),
        ("\u{301}Ann", "Ann"),
        ("A\u{200b}\u{301}nn", "Ánn"),
        ("e\u{34f}\u{301}", "é"),
        ("Ann\u{fffc}\u{fffe}\u{fdd0}\u{10ffff}", "Ann"),
        ("\u{1100}\u{115f}\u{1161}", "가"),
    ] {
        assert_eq!(clean(typed, MOST).as_deref(), Ok(seen), "{}", typed.escape_unicode());
    }
    let piled = format!("Z{}o", "\u{32a}\u{31f}\u{330}\u{324}".repeat(8));
    assert_eq!(clean(&piled, MOST).unwrap().chars().count(), 2 + MARKS);
}

#[test]
fn what_nobody_can_see_is_no_name() {
    for nothing in [
        "",
        "   ",
        "\u{200b}\u{2060}",
        "\u{3164}",
        "\u{2800}\u{2800}",
        "\u{202e}",
        "\u{301}\u{302}",
        "\u{e0100}",
        "\u{180e}",
        "\u{13430}",
        "\u{1d159}",
        "\u{7}\u{1b}",
        "\u{17b4}",
        "\u{fe0f}\u{20e3}",
    ] {
        assert_eq!(clean(nothing, MOST), Err(Unfit::Invisible), "{}", nothing.escape_unicode());
    }
}

#[test]
fn the_length_is_that_of_what_is_seen() {
    assert_eq!(clean(&"ü".repeat(64), MOST), Ok("ü".repeat(64)));
    assert_eq!(clean(&"u\u{308}".repeat(64), MOST), Ok("ü".repeat(64)));
    assert_eq!(clean(&"ü".repeat(65), MOST), Err(Unfit::TooLong));
    assert_eq!(clean(&format!("Ann{}", "\u{200b}".repeat(900)), MOST), Ok("Ann".to_owned()));
    assert_eq!(clean(&"\u{200b}".repeat(100_000), MOST), Err(Unfit::TooLong));
}

#[test]
fn names_that_look_alike_are_one_name() {
    for (one, other) in [
        ("Ann", "ann"),
        ("Ann Lee", "ANN  LEE"),
        ("Ångström", "A\u{30a}ngstro\u{308}m"),
        ("Ａｎｎ", "Ann"),
        ("ﬁn", "fin"),
        ("علی‌رضا", "علیرضا"),
        ("❤️", "❤"),
        ("Ⅳ", "iv"),
    ] {
        assert_eq!(key(one), key(other), "{one} {other}");
    }
    for (one, other) in [("Ann", "Anne"), ("Ann", "Ann (2)"), ("Zoe", "Zoë"), ("Straße", "Strasse")] {
        assert_ne!(key(one), key(other), "{one} {other}");
    }
}

#[test]
fn whoever_comes_second_has_a_number() {
    let mut room: Vec<(String, String)> = Vec::new();
    for name in ["Ann", "ann", "Bob", "Ann (2)", "ANN", "Ann"] {
        let apart = told_apart(name, |key| room.iter().any(|(_, taken)| taken == key));
        room.push(apart);
    }
    let shown: Vec<&str> = room.iter().map(|(shown, _)| shown.as_str()).collect();
    assert_eq!(shown, ["Ann", "ann (2)", "Bob", "Ann (2) (2)", "ANN (3)", "Ann (4)"]);
}

/// Characters that tricks are made of, among ordinary ones.
fn trickery() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(
        "a1#A\u{301}\u{327}\u{5b0}\u{94d}क्یшम가ᠠ葛👩🏽🏴🇺❤🙂\u{200c}\u{200d}\u{fe0e}\u{fe0f}\u{fe00}\u{20e3}\u{180b}\u{180e}\
         \u{34f}\u{61c}\u{202e}\u{2066}\u{2069}\u{3164}\u{1100}\u{115f}\u{1160}\u{1161}\u{e0067}\u{e0062}\u{e007f}\u{e0100} \t\u{2800}\u{344}\u{958}"
            .chars()
            .collect::<Vec<char>>(),
    );
    let any_char = any::<char>();
    prop::collection::vec(prop_oneof![3 => odd, 1 => any_char], 0..40)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn a_clean_name_is_clean_and_no_longer(text in trickery()) {
        use unicode_normalization::UnicodeNormalization;
        let Ok(name) = clean(&text, 1_000) else { return Ok(()) };
        prop_assert_eq!(clean(&name, 1_000), Ok(name.clone()), "a second time");
        prop_assert!(name.chars().count() <= text.nfc().count());
        prop_assert_eq!(name.nfc().collect::<String>(), name.as_str());
        prop_assert!(name.chars().any(is_visible));
        prop_assert_eq!(name.trim(), name.as_str());
        let turns = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(!name.chars().any(|c| turns(c) || c.is_control()));
        // Whatever is not seen has something seen before it, and no two of a kind stand together.
        let mut before = None;
        for c in name.chars() {
            if is_ignorable(c) && !('\u{e0020}'..='\u{e007f}').contains(&c) {
                prop_assert!(before.is_some_and(|before| before != ' ' && before != c));
            }
            before = Some(c);
        }
    }

    #[test]
    fn two_people_are_never_shown_alike(names in prop::collection::vec("[Aa][nN]?( \\([23]\\))?", 1..12)) {
        let mut taken: Vec<String> = Vec::new();
        for name in names {
            let (shown, own) = told_apart(&name, |key| taken.iter().any(|other| other == key));
            prop_assert!(shown.starts_with(&name));
            prop_assert!(!taken.contains(&own));
            taken.push(own);
        }
    }
}
