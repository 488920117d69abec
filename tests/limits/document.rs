//! docs/limits.md names every limit, and the values it tells are those in force.
//!
//! Limits are asked for theirs. Constants that are no limits are private to forty modules, which open to nobody for a document's
//! sake: they are read where they are written, and one that is not found is a failure.

use plenary::limits::Limit;

#[test]
fn metrics_have_names_of_their_own() {
    let mut names: Vec<_> = Limit::ALL.iter().map(|limit| limit.metric()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Limit::ALL.len());
}

/// The rows of the tables in the document that have this head, as cells.
fn documented(head: &str) -> Vec<Vec<String>> {
    let document = include_str!("../../docs/limits.md");
    let mut rows = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        inside = line.starts_with('|') && (inside || cells[1] == head);
        if inside && cells[1] != head && !cells[1].starts_with("--") {
            assert_eq!(cells.len(), 7, "{line}");
            rows.push(cells[1..6].to_vec());
        }
    }
    rows
}

#[test]
fn the_document_names_every_limit_and_its_value() {
    let rows = documented("counter");
    let named: Vec<_> = rows.iter().map(|row| (row[0].trim_matches('`'), row[1].clone())).collect();
    for limit in Limit::ALL {
        let row = (limit.metric(), limit.default_value().to_string());
        assert!(named.contains(&row), "docs/limits.md does not have the row {row:?}");
    }
    assert_eq!(named.len(), Limit::ALL.len(), "docs/limits.md has a limit that does not exist, or one twice");
    assert!(rows.iter().flatten().all(|cell| !cell.is_empty()), "a cell says nothing");
}

#[test]
fn the_document_tells_the_value_of_every_constant_it_names() {
    let rows = documented("constant");
    assert!(rows.len() > 20, "the table is gone");
    for row in rows {
        let (name, file) = row[0].split_once(" in ").expect("a constant in a file");
        let (name, file) = (name.trim_matches('`'), file.trim_matches('`'));
        let source = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let of = |line: &str| {
            let line = line.trim_start_matches("pub").trim_start_matches("(super)").trim();
            let rest = line.strip_prefix("const ")?.strip_prefix(name)?.strip_prefix(':')?;
            Some(rest.split_once('=')?.1.trim().trim_end_matches(';').to_owned())
        };
        let value = source.lines().find_map(of).unwrap_or_else(|| panic!("{file} has no {name}"));
        assert_eq!(row[1], readable(&value), "{name} in {file}");
    }
}

/// A value as people write it: products are multiplied, durations and rates have a unit.
fn readable(value: &str) -> String {
    let inner = |start: &str| value.strip_prefix(start)?.strip_suffix(')');
    let product = |text: &str| -> usize {
        let factors = text.split('*').map(|factor| factor.trim().replace('_', ""));
        factors.map(|factor| factor.parse::<usize>().expect("a number")).product()
    };
    let units = (inner("Duration::from_secs("), inner("Duration::from_millis("), inner("Bitrate::kbps("));
    match units {
        (Some(seconds), _, _) => format!("{} s", product(seconds)),
        (_, Some(millis), _) => format!("{} ms", product(millis)),
        (_, _, Some(rate)) => format!("{} kbit/s", product(rate)),
        _ => product(value).to_string(),
    }
}
