//! `docs/protocol.md` is what people write clients from: its examples and tables must be the server's.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fmt::Debug;

use plenary::conference::RoomPage;
use plenary::conference::protocol::{ClientMessage, ErrorCode, ServerMessage};
use plenary::limits::Limit;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const DOCUMENT: &str = include_str!("../docs/protocol.md");

/// The code blocks with exactly this info string.
fn blocks(info: &str) -> Vec<String> {
    let fence = format!("```{info}");
    let (mut found, mut block) = (Vec::new(), None);
    for line in DOCUMENT.lines() {
        match &mut block {
            None if line == fence => block = Some(String::new()),
            None => {}
            Some(text) if line == "```" => {
                found.push(std::mem::take(text));
                block = None;
            }
            Some(text) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    assert!(block.is_none(), "the last block does not end");
    found
}

/// The rows of the table in `section` whose head begins with `first`, as cells without back-ticks.
fn table(section: &str, first: &str) -> Vec<Vec<String>> {
    let (_, text) = DOCUMENT.split_once(&format!("\n## {section}\n")).expect("the section exists");
    let rows = text.lines().skip_while(|line| !line.starts_with(&format!("| {first} |"))).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        })
        .collect()
}

/// Reads every example as `T`, checks that nothing of it is lost, and returns the types seen.
fn check<T: DeserializeOwned + Serialize>(info: &str) -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    for block in blocks(info) {
        let message: T = serde_json::from_str(&block).unwrap_or_else(|error| panic!("{error} in {block}"));
        let written = serde_json::to_value(&message).expect("messages can be written");
        let documented: Value = serde_json::from_str(&block).expect("it was read just now");
        assert_eq!(written, documented, "the server would not write this as documented");
        types.insert(documented["type"].as_str().expect("a type").to_owned());
    }
    types
}

/// The names an enumeration has, as its parser lists them when it meets an unknown one.
fn names<T: DeserializeOwned + Debug>(unknown: &str) -> BTreeSet<String> {
    let error = serde_json::from_str::<T>(unknown).expect_err("there is no such name").to_string();
    let (_, expected) = error.split_once("expected one of ").expect("the parser lists them");
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_message_of_a_client_is_documented_as_the_server_reads_it() {
    assert_eq!(check::<ClientMessage>("json client"), names::<ClientMessage>(r#"{"type":"?"}"#));
}

#[test]
fn every_message_of_the_server_is_documented_as_it_is_written() {
    assert_eq!(check::<ServerMessage>("json server"), names::<ServerMessage>(r#"{"type":"?"}"#));
}

#[test]
fn a_page_of_rooms_is_documented_as_it_is_answered() {
    let page = blocks("json").into_iter().find(|block| block.contains("\"rooms\"")).expect("the example");
    let documented: Value = serde_json::from_str(&page).expect("it is JSON");
    let rooms = serde_json::from_value(documented["rooms"].clone()).expect("rooms as they are answered");
    let makes = documented["makes"].as_bool().expect("whether rooms are made");
    let written = RoomPage { rooms, makes, next: documented["next"].as_str().map(str::to_owned) };
    assert_eq!(serde_json::to_value(written).expect("it can be written"), documented);
}

#[test]
fn every_error_code_is_explained() {
    let explained: BTreeSet<_> = table("Errors", "code").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(explained, names::<ErrorCode>(r#""?""#));
}

#[test]
fn the_limits_are_those_in_force() {
    let rows = table("Limits", "counter");
    assert!(rows.len() >= 10, "{rows:?}");
    for row in rows {
        let limit = Limit::ALL.iter().find(|limit| limit.metric() == row[0]);
        let limit = limit.unwrap_or_else(|| panic!("there is no limit {}", row[0]));
        assert_eq!(limit.default_value().to_string(), row[1], "{}", row[0]);
    }
}
