//! Which form of a file a client takes (RFC 9110, 12.5.3).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// A form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::control) enum Coding {
    /// RFC 7932, the smallest.
    Brotli,
    /// RFC 1952.
    Gzip,
    /// As it is.
    Identity,
}

impl Coding {
    /// How it is called in `Content-Encoding`, if it is a coding.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Coding::Brotli => Some("br"),
            Coding::Gzip => Some("gzip"),
            Coding::Identity => None,
        }
    }
}

/// Which of these forms is the best for a client: what it likes most, the smaller one of two that it likes as much. `offered` begins
/// with the smallest. Who takes none gets the file as it is, and may leave that.
pub(in crate::control) fn choose(headers: &HeaderMap, offered: &[Coding]) -> Coding {
    let wishes = wishes(headers);
    let mut best = (Coding::Identity, 0);
    for &coding in offered {
        let weight = weight(&wishes, coding);
        if weight > best.1 {
            best = (coding, weight);
        }
    }
    best.0
}

/// What a client lists, each with how much it likes that, in thousandths. What cannot be read is passed over.
fn wishes(headers: &HeaderMap) -> Vec<(&str, u16)> {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let items = lines.flat_map(|line| line.split(','));
    items
        .filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().filter(|name| !name.is_empty())?;
            let weight = match parts.next() {
                None => 1000,
                Some(weight) => {
                    thousandths(weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?)?
                }
            };
            Some((name, weight))
        })
        .collect()
}

/// RFC 9110, 12.4.2: from 0 to 1, with up to three digits after the point.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || digits.len() > 3 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let value = format!("{whole}{digits:0<3}").parse().ok()?;
    (value <= 1000).then_some(value)
}

/// How much a client likes `coding`; 0 is not at all. What it does not name is taken only as it is, unless a star says otherwise.
fn weight(wishes: &[(&str, u16)], coding: Coding) -> u16 {
    let of = |names: &[&str]| {
        let named = wishes.iter().find(|(name, _)| names.iter().any(|own| name.eq_ignore_ascii_case(own)));
        named.map(|(_, weight)| *weight)
    };
    let named = match coding {
        Coding::Brotli => of(&["br"]),
        Coding::Gzip => of(&["gzip", "x-gzip"]),
        // Who names codings likes them better.
        Coding::Identity => of(&["identity"]).or_else(|| of(&["*"]).is_none().then_some(1)),
    };
    named.or_else(|| of(&["*"])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const ALL: [Coding; 3] = [Coding::Brotli, Coding::Gzip, Coding::Identity];

    fn chosen(lines: &[&'static str]) -> Coding {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(line));
        }
        choose(&headers, &ALL)
    }

    #[test]
    fn a_client_gets_the_smallest_form_of_those_that_it_likes_most() {
        for (line, coding) in [
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("gzip, deflate", Coding::Gzip),
            ("GZIP;q=1.0, BR;Q=0.5", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("br;q=0.001, gzip;q=0.002", Coding::Gzip),
            ("br ; q=0.8 , gzip", Coding::Gzip),
            ("*", Coding::Brotli),
            ("*;q=0.5, br;q=0", Coding::Gzip),
            ("identity;q=0, *", Coding::Brotli),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("identity;q=0, gzip;q=0.1", Coding::Gzip),
        ] {
            assert_eq!(chosen(&[line]), coding, "{line}");
        }
        assert_eq!(chosen(&["deflate", "gzip"]), Coding::Gzip, "two lines are one list");
    }

    #[test]
    fn who_takes_nothing_packed_gets_the_file_as_it_is() {
        assert_eq!(chosen(&[]), Coding::Identity);
        for line in [
            "",
            "identity",
            "deflate, zstd",
            "br;q=0, gzip;q=0",
            "*;q=0",
            "br;q=0.000",
            "br;q=2",
            "br;q=0.1234",
            "br;q=-1",
            "br;q=x",
            "br;x=1",
            "gzip;q=1.5",
            "brotli",
            ";q=1",
        ] {
            assert_eq!(chosen(&[line]), Coding::Identity, "{line}");
        }
    }

    #[test]
    fn only_what_there_is_is_chosen() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("br, gzip"));
        assert_eq!(choose(&headers, &[Coding::Gzip, Coding::Identity]), Coding::Gzip);
        assert_eq!(choose(&headers, &[Coding::Identity]), Coding::Identity);
    }
}
