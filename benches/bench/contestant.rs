//! Whose figures are compared in one run.

use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;

/// A server and the benchmark that was built with it, and how both send.
#[derive(Debug, Clone)]
pub struct Contestant {
    pub name: String,
    server: PathBuf,
    bench: PathBuf,
    egress: Option<&'static str>,
}

impl Contestant {
    /// Those of this build: what it sends with, and what that is judged by.
    pub fn of_this_build() -> Vec<Contestant> {
        let bench = std::env::current_exe().expect("this program is somewhere");
        let server = PathBuf::from(env!("CARGO_BIN_EXE_plenary"));
        let of = |egress: &'static str| Contestant {
            name: egress.to_owned(),
            server: server.clone(),
            bench: bench.clone(),
            egress: Some(egress),
        };
        vec![of("own"), of("rtc")]
    }

    /// What has synthetic people: this build's, for everybody.
    pub fn generator() -> Command {
        Command::new(env!("CARGO_BIN_EXE_plenary"))
    }

    /// The server; without arguments but how it sends.
    pub fn server(&self) -> Command {
        self.with(&self.server)
    }

    /// The benchmark's own rows of the core; without arguments but how it sends.
    pub fn bench(&self) -> Command {
        self.with(&self.bench)
    }

    fn with(&self, program: &PathBuf) -> Command {
        let mut command = Command::new(program);
        if let Some(egress) = self.egress {
            command.args(["--egress", egress]);
        }
        command
    }
}

/// `NAME=SERVER,BENCH`: programs of another build.
impl FromStr for Contestant {
    type Err = String;

    fn from_str(text: &str) -> Result<Contestant, String> {
        let parts = text.split_once('=').and_then(|(name, rest)| Some((name, rest.split_once(',')?)));
        let (name, (server, bench)) = parts.ok_or("write NAME=SERVER,BENCH")?;
        let path = |text: &str| {
            std::path::absolute(text).ok().filter(|path| path.is_file()).ok_or(format!("no program {text}"))
        };
        Ok(Contestant { name: name.to_owned(), server: path(server)?, bench: path(bench)?, egress: None })
    }
}
