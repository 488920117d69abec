//! `--config FILE`: settings in a file, by the names of their flags, in TOML.
//!
//! What the command line says comes before the environment, that before the file, and the file before what holds without
//! any. The file's settings are put in front of the command line's as the flags that they are, so that one parser knows
//! what is right; those that somebody said elsewhere are left out.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use toml::de::{DeTable, DeValue};

use super::alike::nearest;

/// The flag of all limits, which are a table in a file.
const LIMIT: &str = "limit";

/// The bytes of a file at most: ten times what one that names every setting has.
const MOST_BYTES: u64 = 256 * 1024;

#[derive(Debug, Clone, Args)]
pub(super) struct FileArgs {
    /// File with settings (TOML): the names of these flags without dashes in front, such as http-port = 8443, and limits in a table
    /// [limit]. Flags and variables come before it
    #[arg(long, env = "PLENARY_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// Where a setting was found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    path: PathBuf,
    line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, line {}", self.path.display(), self.line)
    }
}

/// A command line with the settings of its file.
#[derive(Debug)]
pub(super) struct Filled {
    /// The program's name first.
    pub(super) args: Vec<OsString>,
    /// The settings of the file that hold, by their flags' names without dashes in front.
    pub(super) places: BTreeMap<String, Place>,
}

impl Filled {
    /// Says of an error about a setting of the file where that is.
    pub(super) fn explain(&self, error: String) -> String {
        let about = |name: &&String| {
            let flag = format!("--{name}");
            let is_end = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-');
            error.match_indices(&flag).any(|(at, _)| error.get(at + flag.len()..).is_some_and(is_end))
        };
        match self.places.iter().find(|(name, _)| about(name)) {
            Some((name, place)) => format!("{error}; {name} is set in {place}"),
            None => error,
        }
    }
}

/// Puts the settings of the file that `args` or the environment name, if they name one, into the command line.
///
/// # Errors
/// One line for all that is wrong with the file.
pub(super) fn fill(command: &Command, args: Vec<OsString>) -> Result<Filled, String> {
    let nothing = |args| Ok(Filled { args, places: BTreeMap::new() });
    // What is wrong with the command line is said later, with the file's settings in it.
    let Ok(said) = command.clone().ignore_errors(true).try_get_matches_from(&args) else {
        return nothing(args);
    };
    let Some((depth, taker, said)) = taker(command, &said) else { return nothing(args) };
    let Some(path) = said.get_one::<PathBuf>("config") else { return nothing(args) };
    let settings = read(path, command)?;
    let mut filled = Filled { args, places: BTreeMap::new() };
    let mut flags = Vec::new();
    for Setting { name, line, values } in settings {
        let Some(arg) = flag(taker, &name) else { continue };
        let source = said.value_source(arg.get_id().as_str());
        match source {
            // Each is a setting of its own: others that are said elsewhere come after it, and hold.
            Some(ValueSource::EnvVariable) if name == LIMIT => {
                flags.extend(values.flags(&name, arg));
                flags.extend(arg.get_env().and_then(std::env::var_os).map(|value| joined(LIMIT, &value)));
            }
            Some(ValueSource::CommandLine) if name == LIMIT => flags.extend(values.flags(&name, arg)),
            Some(ValueSource::CommandLine | ValueSource::EnvVariable) => continue,
            _ => flags.extend(values.flags(&name, arg)),
        }
        filled.places.insert(name, Place { path: path.clone(), line });
    }
    let at = (1 + depth).min(filled.args.len());
    filled.args.splice(at..at, flags);
    Ok(filled)
}

/// The innermost command that was given and takes a file, how many words lead to it, and what it was told.
fn taker<'a>(command: &'a Command, said: &'a ArgMatches) -> Option<(usize, &'a Command, &'a ArgMatches)> {
    let takes = |command: &Command| flag(command, "config").is_some();
    let mut found = None;
    let (mut depth, mut command, mut said) = (0, command, said);
    loop {
        let next = said.subcommand();
        // The settings of the program without a command are no settings of its commands.
        if takes(command) && (depth > 0 || next.is_none()) {
            found = Some((depth, command, said));
        }
        let Some((name, deeper)) = next else { return found };
        let Some(inner) = command.find_subcommand(name) else { return found };
        (depth, command, said) = (depth + 1, inner, deeper);
    }
}

fn joined(name: &str, value: &OsStr) -> OsString {
    let mut flag = OsString::from(format!("--{name}="));
    flag.push(value);
    flag
}

fn flag<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(name))
}

/// One setting of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    name: String,
    line: usize,
    values: Values,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Values {
    Switch(bool),
    Texts(Vec<String>),
}

impl Values {
    fn flags(self, name: &str, arg: &Arg) -> Vec<OsString> {
        match self {
            Values::Switch(true) => vec![format!("--{name}").into()],
            Values::Switch(false) => Vec::new(),
            Values::Texts(texts) if matches!(arg.get_action(), ArgAction::Append) => {
                texts.iter().map(|text| format!("--{name}={text}").into()).collect()
            }
            Values::Texts(texts) => vec![format!("--{name}={}", texts.join(",")).into()],
        }
    }
}

/// The settings of a file, all of which are settings of the server.
fn read(path: &Path, command: &Command) -> Result<Vec<Setting>, String> {
    let told = path.display();
    let size = fs::metadata(path).map_err(|error| format!("--config {told}: {error}"))?.len();
    if size > MOST_BYTES {
        return Err(format!("--config {told}: more than {MOST_BYTES} bytes"));
    }
    let text = fs::read_to_string(path).map_err(|error| format!("--config {told}: {error}"))?;
    let table = table(&text).map_err(|(line, why)| format!("{told}, line {line}: {why}"))?;
    let mut settings = Vec::new();
    let mut wrong = Vec::new();
    for (name, line, value) in table {
        match setting(&name, line, &value, command) {
            Ok(setting) => settings.push(setting),
            Err(why) => wrong.push(format!("{told}, line {line}: {why}")),
        }
    }
    if wrong.is_empty() { Ok(settings) } else { Err(wrong.join("; ")) }
}

/// A name, its line (from 1), and its value.
type Line<'a> = (String, usize, DeValue<'a>);

/// What a file says, in its order: names, lines from 1, and values.
///
/// # Errors
/// The line where it is no TOML, and why.
pub(super) fn table(text: &str) -> Result<Vec<Line<'_>>, (usize, String)> {
    let line = |at: usize| 1 + text.get(..at).unwrap_or_default().matches('\n').count();
    let document = DeTable::parse(text)
        .map_err(|error| (line(error.span().map_or(0, |span| span.start)), error.message().to_owned()))?;
    let mut all: Vec<_> = document
        .into_inner()
        .into_iter()
        .map(|(name, value)| (line(name.span().start), name.into_inner().into_owned(), value.into_inner()))
        .collect();
    all.sort_by_key(|(line, ..)| *line);
    Ok(all.into_iter().map(|(line, name, value)| (name, line, value)).collect())
}

fn setting(name: &str, line: usize, value: &DeValue<'_>, command: &Command) -> Result<Setting, String> {
    let arg =
        settable(command).find(|arg| arg.get_long() == Some(name)).ok_or_else(|| unknown(name, command))?;
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let values = match (value, is_switch) {
        (DeValue::Boolean(is_on), true) => Values::Switch(*is_on),
        (_, true) => return Err(format!("{name} is true or false")),
        (DeValue::Table(table), false) if name == LIMIT => {
            let limit = |(name, value): (&_, &_)| -> Result<String, String> {
                let (name, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>) = (name, value);
                let value = text(value.get_ref()).ok_or("a limit is a number")?;
                Ok(format!("{}={value}", name.get_ref()))
            };
            Values::Texts(table.iter().map(limit).collect::<Result<_, _>>()?)
        }
        (DeValue::Array(several), false) => {
            let several: Option<Vec<String>> = several.iter().map(|one| text(one.get_ref())).collect();
            Values::Texts(several.ok_or_else(|| format!("{name} is a list of texts and numbers"))?)
        }
        (one, false) => match text(one) {
            Some(text) => Values::Texts(vec![text]),
            None => return Err(format!("{name} is a text or a number")),
        },
    };
    Ok(Setting { name: name.to_owned(), line, values })
}

/// What a file may set: what is a variable, too, but for the file itself.
pub(super) fn settable(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_setting = |arg: &&Arg| arg.get_long().is_some_and(|name| name != "config");
    command
        .get_arguments()
        .filter(is_setting)
        .filter(|arg| !matches!(arg.get_long(), Some("help" | "version")))
}

fn unknown(name: &str, command: &Command) -> String {
    match nearest(name, settable(command).filter_map(Arg::get_long)) {
        Some(right) => format!("there is no setting \"{name}\": did you mean {right}?"),
        None => format!("there is no setting \"{name}\": docs/settings.md has them all"),
    }
}

/// A text or a whole number, as one writes it behind a flag.
pub(super) fn text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
