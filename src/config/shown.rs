//! The settings in force, told as a file that sets them, and what is different in another such file.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::Value;
use toml::de::DeValue;

use super::file::{self, Filled, settable, table};
use super::limits::short;
use crate::limits::{Limit, Limits};

/// How the first line of what is told begins. The version comes after it.
const FIRST: &str = "# plenary ";

/// One setting, and where its value comes from.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    name: String,
    value: Option<Value>,
    from: String,
}

/// Every setting in force, in the order of `--help`; limits after them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    flags: Vec<Shown>,
    limits: Vec<Shown>,
}

impl Settings {
    /// What was said to `command`, of which the settings of a file are in `filled`.
    pub(super) fn of(command: &Command, said: &ArgMatches, filled: &Filled, limits: &Limits) -> Settings {
        let from = |arg: &Arg| {
            let name = arg.get_long().unwrap_or_default();
            if let Some(place) = filled.places.get(name) {
                return place.to_string();
            }
            match said.value_source(arg.get_id().as_str()) {
                Some(ValueSource::CommandLine) => "the command line".to_owned(),
                Some(ValueSource::EnvVariable) => {
                    arg.get_env().map_or(String::new(), |name| name.to_string_lossy().into_owned())
                }
                _ => "default".to_owned(),
            }
        };
        let name = |arg: &Arg| arg.get_long().unwrap_or_default().to_owned();
        let of_flags = settable(command).filter(|arg| arg.get_long() != Some("limit"));
        let flags = of_flags.map(|arg| Shown { name: name(arg), value: value(arg, said), from: from(arg) });
        let limit = settable(command).find(|arg| arg.get_long() == Some("limit"));
        let set = limit.map_or("default".to_owned(), from);
        let of_limit = |limit: &Limit| {
            let (value, name) = (limits.get(*limit), short(*limit).to_owned());
            let from = if value == limit.default_value() { "default" } else { &set };
            let value = i64::try_from(value).ok().map(Value::Integer);
            Shown { name, value, from: from.to_owned() }
        };
        Settings { flags: flags.collect(), limits: Limit::ALL.iter().map(of_limit).collect() }
    }

    /// As a file that sets all of it (TOML), with where each value comes from behind it.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{FIRST}{}\n", env!("CARGO_PKG_VERSION"));
        write_all(&mut text, &self.flags);
        text.push_str("\n[limit]\n");
        write_all(&mut text, &self.limits);
        text
    }

    /// What is different from such a file, a line each; of one that a person wrote, in what it names.
    ///
    /// # Errors
    /// The line where it is no TOML, and why.
    pub(super) fn changes(&self, before: &str) -> Result<Vec<String>, (usize, String)> {
        let (flags, limits) = parts(before)?;
        let is_whole = before.starts_with(FIRST);
        let unset: Vec<&str> = before.lines().filter_map(unset).collect();
        let mut changes = changed("", &self.flags, &flags, is_whole.then_some(&unset));
        changes.extend(changed("limit.", &self.limits, &limits, is_whole.then_some(&unset)));
        Ok(changes)
    }
}

/// What a file sets: by flags, and of limits.
type Parts = (BTreeMap<String, String>, BTreeMap<String, String>);

fn parts(text: &str) -> Result<Parts, (usize, String)> {
    let (mut flags, mut limits) = Parts::default();
    for (name, _, value) in table(text)? {
        match value {
            DeValue::Table(table) if name == "limit" => {
                let each =
                    table.iter().map(|(name, value)| (name.get_ref().to_string(), plain(value.get_ref())));
                limits.extend(each);
            }
            value => {
                flags.insert(name, plain(&value));
            }
        }
    }
    Ok((flags, limits))
}

/// A value of a file as [`Settings::text`] writes it.
fn plain(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Array(several) => {
            let each: Vec<String> = several.iter().map(|one| plain(one.get_ref())).collect();
            format!("[{}]", each.join(", "))
        }
        DeValue::Integer(number) => file::text(value).unwrap_or_else(|| number.as_str().to_owned()),
        DeValue::Boolean(is_on) => is_on.to_string(),
        DeValue::String(text) => Value::String(text.clone().into_owned()).to_string(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Table(_) => "{ … }".to_owned(),
    }
}

/// A setting that has no value is a comment.
fn unset(line: &str) -> Option<&str> {
    line.strip_prefix("# ")?.strip_suffix(" =")
}

fn write_all(text: &mut String, all: &[Shown]) {
    for Shown { name, value, from } in all {
        let _ = match value {
            Some(value) => writeln!(text, "{name} = {value} # {from}"),
            None => writeln!(text, "# {name} ="),
        };
    }
}

/// `unset` has the names that the other file knows and does not set, if it is one that has all names.
fn changed(
    group: &str,
    now: &[Shown],
    before: &BTreeMap<String, String>,
    unset: Option<&Vec<&str>>,
) -> Vec<String> {
    let mut changes = Vec::new();
    for Shown { name, value, from } in now {
        let value = value.as_ref().map(Value::to_string);
        let said = match &value {
            Some(value) => format!("{value} ({from})"),
            None => "not set".to_owned(),
        };
        match before.get(name) {
            Some(old) if value.as_ref() == Some(old) => {}
            Some(old) => changes.push(format!("{group}{name}: {old} before, {said} now")),
            None if unset.is_some_and(|unset| !unset.contains(&name.as_str())) => {
                changes.push(format!("{group}{name}: new, {said}"));
            }
            None if unset.is_some() && value.is_some() => {
                changes.push(format!("{group}{name}: not set before, {said} now"));
            }
            None => {}
        }
    }
    let is_known = |name: &str| now.iter().any(|shown| shown.name == name);
    let gone = before.iter().filter(|(name, _)| !is_known(name));
    changes.extend(
        gone.map(|(name, old)| format!("{group}{name}: there is no such setting now ({old} before)")),
    );
    changes
}

fn value(arg: &Arg, said: &ArgMatches) -> Option<Value> {
    let id = arg.get_id().as_str();
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return Some(Value::Boolean(said.get_flag(id)));
    }
    let texts: Vec<String> = said.get_raw(id)?.map(|text| text.to_string_lossy().into_owned()).collect();
    let one = |text: String| text.parse().map_or(Value::String(text), Value::Integer);
    match arg.get_action() {
        ArgAction::Append => Some(Value::Array(texts.into_iter().map(one).collect())),
        _ => texts.into_iter().next().map(one),
    }
}

/// The table of `docs/settings.md`: every setting, its variable, what holds without it, and what it is.
#[cfg(test)]
pub(super) fn documented(command: &Command) -> String {
    let cell = |text: String| text.replace('|', "\\|").replace('\n', " ");
    let mut lines = String::new();
    for arg in settable(command) {
        let name = arg.get_long().unwrap_or_default();
        let variable = arg.get_env().map_or(String::new(), |name| format!("`{}`", name.to_string_lossy()));
        let default: Vec<String> =
            arg.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
        let default = match (arg.get_action(), default.join(", ")) {
            (ArgAction::SetTrue, _) => "`false`".to_owned(),
            (_, none) if none.is_empty() => String::new(),
            (_, default) => default,
        };
        let value = match arg.get_action() {
            ArgAction::SetTrue => "true or false".to_owned(),
            _ => arg.get_value_names().and_then(<[_]>::first).map_or(String::new(), ToString::to_string),
        };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let (value, default, help) = (cell(value), cell(default), cell(help));
        let _ = writeln!(lines, "| `{name}` | {value} | {variable} | {default} | {help} |");
    }
    lines
}
