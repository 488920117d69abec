//! `--limit NAME=VALUE`: the operator's own values for the table of limits.

use std::str::FromStr;

use clap::Args;

use super::alike::nearest;
use crate::limits::{Limit, Limits};

/// Every counter's name begins so; on the command line it may be left out.
const PREFIX: &str = "limit_";

/// Bounds on what clients can make the server hold or do.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct LimitArgs {
    /// Another value for a limit, by its name in docs/limits.md, such as rooms=500; repeat it or separate with
    /// commas
    #[arg(
        id = "limit",
        long = "limit",
        env = "PLENARY_LIMIT",
        value_name = "NAME=VALUE",
        value_delimiter = ','
    )]
    settings: Vec<Setting>,
}

impl LimitArgs {
    /// The values in force. Of two for one limit the last one holds.
    pub(super) fn limits(&self) -> Limits {
        let set = |limits: Limits, Setting { limit, value }: &Setting| limits.with(*limit, *value);
        self.settings.iter().fold(Limits::default(), set)
    }
}

/// One limit's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Setting {
    limit: Limit,
    value: usize,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, value)) = text.split_once('=') else {
            return Err("write NAME=VALUE, such as rooms=500".to_owned());
        };
        let (name, value) = (name.trim(), value.trim());
        let limit = named(name)?;
        match value.replace('_', "").parse() {
            Ok(value) if value > 0 => Ok(Self { limit, value }),
            _ => Err(format!(
                "\"{value}\" is no value for {name}: write a whole number above 0 (it is {} without)",
                limit.default_value()
            )),
        }
    }
}

/// A limit's name on the command line and in a file.
pub(super) fn short(limit: Limit) -> &'static str {
    limit.metric().trim_start_matches(PREFIX)
}

fn named(name: &str) -> Result<Limit, String> {
    let wanted = name.trim_start_matches(PREFIX).replace('-', "_");
    if let Some(limit) = Limit::ALL.iter().find(|limit| short(**limit) == wanted) {
        return Ok(*limit);
    }
    let hint = match nearest(&wanted, Limit::ALL.iter().map(|limit| short(*limit))) {
        Some(right) => format!("did you mean {right}?"),
        None => "docs/limits.md has them all".to_owned(),
    };
    Err(format!("there is no limit \"{name}\": {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn every_limit_of_the_table_can_be_set_by_its_name() {
        for limit in Limit::ALL {
            for name in [limit.metric(), limit.metric().trim_start_matches(PREFIX)] {
                let limits = config(&["--limit", &format!("{name}=7")]).unwrap().limits;
                for other in Limit::ALL {
                    let expected = if other == limit { 7 } else { other.default_value() };
                    assert_eq!(limits.get(*other), expected, "{name}");
                }
            }
        }
    }

    #[test]
    fn several_are_set_at_once_and_the_last_one_holds() {
        let limits =
            config(&["--limit", "rooms=5, peers-per-room=2_000", "--limit", "limit_rooms=6"]).unwrap().limits;
        assert_eq!((limits.get(Limit::Rooms), limits.get(Limit::PeersPerRoom)), (6, 2_000));
    }

    #[test]
    fn a_mistake_is_told_with_what_would_be_right() {
        for (text, hint) in [
            ("rooms", "NAME=VALUE"),
            ("roms=5", "did you mean rooms?"),
            ("connection_per_address=5", "did you mean connections_per_address?"),
            ("zebra=5", "docs/limits.md"),
            ("rooms=", "whole number"),
            ("rooms=-1", "whole number"),
            ("rooms=0", "10000"),
            ("rooms=99999999999999999999999", "whole number"),
        ] {
            let stop = config(&["--limit", text]).unwrap_err();
            assert!(
                stop.code == 2 && stop.text.contains(hint) && stop.text.lines().count() == 1,
                "{}",
                stop.text
            );
        }
    }
}
