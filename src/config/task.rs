//! The command line: which command, and what it is told.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::{Arg, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::file::{self, Filled};
use super::load::{LoadArgs, LoadConfig};
use super::settings::{Print, SettingsArgs, What};
use super::shown::Settings;
use super::store::{StoreArgs, StoreTask};
use super::token::{TokenArgs, TokenConfig};
use super::{Config, ServeArgs, Stop};
use crate::limits::Limits;

/// A WebRTC conference server: people in browsers meet through it.
#[derive(Debug, Parser)]
#[command(name = "plenary", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the pages, the signaling and the media (the default)
    Serve(Box<ServeArgs>),
    /// Be a crowd of people for a server, and measure what they get
    Load(LoadArgs),
    /// Look at the rooms that are kept, or copy them
    Store(StoreArgs),
    /// Make an access token for somebody
    Token(Box<TokenArgs>),
    /// Look at settings, without serving
    Config(SettingsArgs),
    /// Look for what keeps people from calling: settings, certificate, ports, addresses, TURN, disk, machine
    Doctor(Box<DoctorArgs>),
}

/// What the program is to do.
#[derive(Debug, Clone)]
pub enum Task {
    /// Serve.
    Serve(Box<Config>),
    /// Put load on a server.
    Load(LoadConfig),
    /// Look at a store.
    Store(StoreTask),
    /// Make an access token.
    Token(Box<TokenConfig>),
    /// Print something.
    Print(Print),
    /// Look for what is wrong.
    Doctor(Doctor),
}

/// What is to be looked at for faults.
#[derive(Debug, Clone)]
pub struct Doctor {
    /// What the server would run with, or why it would not.
    pub config: Result<Box<Config>, String>,
    /// The report as JSON.
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
struct DoctorArgs {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    serve: ServeArgs,
}

impl Task {
    /// Reads the command line (with the program's name first) and the environment.
    ///
    /// # Errors
    /// [`Stop`] when there is something to print instead: help, the version, or one line on what is wrong.
    pub fn from_args<I, T>(args: I) -> Result<Self, Stop>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        let command = without_empty_variables(Cli::command());
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let help = match args.get(1).and_then(|word| word.to_str()) {
            Some(word @ ("load" | "store" | "token" | "config" | "doctor")) => format!("{word} --help"),
            _ => "--help".to_owned(),
        };
        let is_doctor = args.get(1).is_some_and(|word| word == "doctor");
        let json = args.iter().any(|word| word == "--json");
        let filled = match file::fill(&command, args) {
            // What is wrong with the file is what was to be found out.
            Err(text) if is_doctor => return Ok(Task::Doctor(Doctor { config: Err(text), json })),
            filled => filled.map_err(|text| Stop { text, code: 2 })?,
        };
        let explained = |stop: Stop| match stop.code {
            0 => stop,
            code => Stop { text: filled.explain(stop.text), code },
        };
        let matches = command
            .clone()
            .try_get_matches_from(&filled.args)
            .map_err(|error| explained(stop(&error, &help)))?;
        let cli = Cli::from_arg_matches(&matches).map_err(|error| stop(&error, &help))?;
        let told = Told { command: &command, matches: &matches, filled: &filled };
        cli.task(&told, &help).map_err(explained)
    }
}

/// What was said, before it is settled.
struct Told<'a> {
    command: &'a clap::Command,
    matches: &'a ArgMatches,
    filled: &'a Filled,
}

impl Told<'_> {
    /// The settings in force of the innermost command.
    fn settings(&self, limits: &Limits) -> Settings {
        let (mut command, mut matches) = (self.command, self.matches);
        while let Some((name, inner)) = matches.subcommand() {
            let Some(next) = command.find_subcommand(name) else { break };
            (command, matches) = (next, inner);
        }
        Settings::of(command, matches, self.filled, limits)
    }
}

impl Cli {
    fn task(self, told: &Told<'_>, help: &str) -> Result<Task, Stop> {
        let wrong = |text| Stop { text: format!("{text} (see {help})"), code: 2 };
        let serve = |args: ServeArgs| {
            let settings = told.settings(&args.limits.limits()).text();
            Config::settle(args).map(|config| Config { settings, ..config })
        };
        match self.command {
            Some(Command::Load(args)) => Ok(Task::Load(args.settle().map_err(wrong)?)),
            Some(Command::Store(args)) => Ok(Task::Store(args.settle())),
            Some(Command::Token(args)) => Ok(Task::Token(Box::new(args.settle().map_err(wrong)?))),
            Some(Command::Config(args)) => look(args.what, told).map(Task::Print),
            Some(Command::Doctor(args)) => Ok(Task::Doctor(Doctor {
                json: args.json,
                config: serve(args.serve).map(Box::new).map_err(|stop| stop.text),
            })),
            Some(Command::Serve(args)) => Ok(Task::Serve(Box::new(serve(*args)?))),
            None => Ok(Task::Serve(Box::new(serve(self.serve)?))),
        }
    }
}

/// Looks at settings that the server would take.
fn look(what: What, told: &Told<'_>) -> Result<Print, Stop> {
    let settings = |args: &ServeArgs| told.settings(&args.limits.limits());
    let good = |args: &ServeArgs| Config::settle(args.clone()).map(|_| ());
    match what {
        What::Check(args) => good(&args).map(|()| Print::good(&args)),
        What::Show(args) => good(&args).map(|()| Print::shown(&settings(&args))),
        What::Diff(args) => {
            good(&args.serve)?;
            Print::changes(&args, &settings(&args.serve))
        }
    }
}

/// A variable that is empty is not set: compose files pass `${X:-}` for what the operator left out.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let forget = |arg: Arg| {
        let is_empty = arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
        if is_empty { arg.env(Resettable::Reset) } else { arg }
    };
    command.mut_args(forget).mut_subcommands(without_empty_variables)
}

/// Help and version as they are; of an error its first paragraph, on one line, and where `help` is.
fn stop(error: &clap::Error, help: &str) -> Stop {
    let text = error.to_string();
    if !error.use_stderr() {
        return Stop { text, code: 0 };
    }
    let first: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let line = first.join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    // What Rust says of a text that is no number.
    let line = line.replace("invalid digit found in string", "not a whole number");
    Stop { text: format!("{line} (see {help})"), code: 2 }
}
