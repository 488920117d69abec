//! Reads `OpenMetrics` text as its specification (1.0) says, and refuses whatever it does not allow.

use std::collections::{BTreeMap, BTreeSet};

/// A metric family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    pub kind: String,
    pub help: String,
    pub unit: Option<String>,
    /// By labels, in the order of the text.
    pub samples: Vec<(BTreeMap<String, String>, u64)>,
}

/// The families of `text`, by name.
///
/// # Errors
/// What is wrong with it, with its line.
pub fn parse(text: &str) -> Result<BTreeMap<String, Family>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("it does not end with # EOF")?;
    if !body.is_empty() && !body.ends_with('\n') {
        return Err("a line does not end".to_owned());
    }
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    for line in body.lines() {
        let wrong = |what: &str| Err(format!("{what}: {line}"));
        if let Some(meta) = line.strip_prefix("# ") {
            let mut words = meta.splitn(3, ' ');
            let (Some(what), Some(name), Some(rest)) = (words.next(), words.next(), words.next()) else {
                return wrong("a line of metadata has three words");
            };
            if !is_name(name) {
                return wrong("this is no name");
            }
            if name != current {
                if families.contains_key(name) {
                    return wrong("the lines of a family stand together");
                }
                name.clone_into(&mut current);
            }
            let family = families.entry(name.to_owned()).or_insert_with(|| Family {
                kind: String::new(),
                help: String::new(),
                unit: None,
                samples: Vec::new(),
            });
            if !family.samples.is_empty() {
                return wrong("metadata comes before samples");
            }
            match what {
                "TYPE" if family.kind.is_empty() && ["counter", "gauge", "histogram"].contains(&rest) => {
                    rest.clone_into(&mut family.kind);
                }
                "HELP" if family.help.is_empty() && !rest.contains(['\\', '"']) => {
                    rest.clone_into(&mut family.help);
                }
                "UNIT" if family.unit.is_none() && name.ends_with(&format!("_{rest}")) => {
                    family.unit = Some(rest.to_owned());
                }
                _ => return wrong("this metadata is not allowed here"),
            }
        } else {
            let family = families.get_mut(&current).ok_or("a sample comes before its metadata")?;
            let Some((series, value)) = line.rsplit_once(' ') else { return wrong("a sample has a value") };
            let (name, labels) = match series.split_once('{') {
                Some((name, rest)) => (name, labels(rest).ok_or(format!("labels: {line}"))?),
                None => (series, BTreeMap::new()),
            };
            let suffix = name.strip_prefix(current.as_str()).unwrap_or("?");
            let is_of_it = match family.kind.as_str() {
                "counter" => suffix == "_total",
                "histogram" => suffix == "_sum" || suffix == "_count" || suffix == "_bucket",
                _ => suffix.is_empty(),
            };
            if !is_of_it {
                return wrong("the sample is not of this family");
            }
            if suffix == "_sum" {
                if value.parse::<f64>().is_err() {
                    return wrong("the sum is no number");
                }
                continue;
            }
            if suffix == "_bucket" && !labels.contains_key("le") {
                return wrong("a bucket has a bound");
            }
            let Ok(value) = value.parse::<u64>() else { return wrong("the value is no count") };
            if family.samples.iter().any(|(known, _)| *known == labels) {
                return wrong("the sample is there twice");
            }
            let before = family.samples.last().filter(|(labels, _)| labels.contains_key("le"));
            if suffix == "_bucket" && before.is_some_and(|(_, before)| *before > value) {
                return wrong("a bucket holds what smaller ones hold");
            }
            family.samples.push((labels, value));
        }
    }
    match families.iter().find(|(_, family)| family.kind.is_empty() || family.help.is_empty()) {
        Some((name, _)) => Err(format!("{name} has no type or no help")),
        None => Ok(families),
    }
}

fn is_name(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|first| first.is_ascii_lowercase());
    first && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// `a="b",c="d"}`, with values of our own making: nothing in them needs an escape.
fn labels(text: &str) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    for pair in text.strip_suffix('}')?.split(',') {
        let (name, value) = pair.split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        let is_plain = match name {
            "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
            // Of this program.
            "version" => {
                value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c))
            }
            _ => value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c)),
        };
        if !is_name(name) || value.is_empty() || !is_plain {
            return None;
        }
        labels.insert(name.to_owned(), value.to_owned()).is_none().then_some(())?;
    }
    Some(labels)
}

/// The names of the labels of a family; bounds are none.
pub fn label_names(family: &Family) -> BTreeSet<&str> {
    let names = family.samples.iter().flat_map(|(labels, _)| labels.keys()).map(String::as_str);
    names.filter(|name| *name != "le").collect()
}

#[test]
fn what_the_specification_does_not_allow_is_refused() {
    let good = "# HELP a_b Words.\n# TYPE a_b counter\na_b_total{x=\"y\"} 1\na_b_total{x=\"z\"} 2\n# EOF\n";
    assert_eq!(parse(good).unwrap()["a_b"].samples.len(), 2);
    let unit =
        "# HELP a_seconds Words.\n# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n# EOF\n";
    assert_eq!(parse(unit).unwrap()["a_seconds"].unit.as_deref(), Some("seconds"));
    let spread = "# HELP a_b Words.\n# TYPE a_b histogram\na_b_sum 1.5\na_b_count 2\na_b_bucket{le=\"1.0\"} 1\n\
                  a_b_bucket{le=\"+Inf\"} 2\n# EOF\n";
    assert_eq!(parse(spread).unwrap()["a_b"].samples.len(), 3);
    for (from, to) in [("sum 1.5", "sum x"), ("le=\"1.0\"} 1", "le=\"1.0\"} 3"), ("le=\"1.0\"", "le=\"one\"")]
    {
        assert!(parse(&spread.replacen(from, to, 1)).is_err(), "{to}");
    }
    for (from, to) in [
        ("# EOF\n", ""),
        ("_total{x=\"y\"}", "{x=\"y\"}"),
        ("counter", "kounter"),
        ("x=\"z\"", "x=\"y\""),
        ("x=\"z\"", "x=\"192.0.2.1\""),
        ("x=\"z\"", "x=z"),
        ("} 2", "} two"),
        ("} 2", "} -2"),
        ("# HELP a_b Words.\n", ""),
        ("# TYPE a_b counter\n", ""),
        ("# EOF", "# TYPE a_b counter\n# EOF"),
        ("# EOF", "# HELP other Words.\n# TYPE other gauge\nother 1\na_b_total 1\n# EOF"),
        ("# HELP a_b", "# UNIT a_b seconds\n# HELP a_b"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert!(parse(&bad).is_err(), "{bad}");
    }
}
