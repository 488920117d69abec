//! `plenary token`: an access token, and for whom it is.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::file::FileArgs;
use super::load::Url;
use super::passes::KeyArgs;
use super::state::StateArgs;
use crate::keyring::Keyring;
use crate::passes::{Audience, Claims, Rights, RoomPattern, Source};

/// The longest that a token is made for: a year.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Characters of who somebody is at most, as the server takes it.
const IDENTITY_CHARS: usize = 128;

/// Make an access token that lets somebody into a room, with a key that this machine has: the server's own, or one of
/// --pass-keys. What others need to make them is in docs/tokens.md.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct TokenArgs {
    #[command(flatten)]
    _file: FileArgs,
    /// Which room: its id, as in its link after /r/; or what ids begin with and a * at the end ("*" is every room)
    #[arg(long, value_name = "ID")]
    room: Option<RoomPattern>,

    /// What the person is called. Without it they say so themselves
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Who the person is, for the server: somebody who was banned is known by it
    #[arg(long, value_name = "ID", value_parser = identity)]
    identity: Option<String>,

    /// How long it lets somebody in: 90s, 15m, 1h, 7d. Who is inside stays
    #[arg(long = "for", value_name = "TIME", default_value = "1h", value_parser = lasting)]
    lasts: Duration,

    /// What the person may send: microphone, camera, screen, with commas between, or none. Without it: all of them
    #[arg(long, value_name = "LIST", value_parser = sources)]
    publish: Option<Sources>,

    /// They see and hear nobody
    #[arg(long)]
    no_subscribe: bool,

    /// They write nothing to the others
    #[arg(long)]
    no_chat: bool,

    /// They send no files
    #[arg(long)]
    no_files: bool,

    /// They are a moderator: come in through lobby and lock, let others in, mute them, put them out
    #[arg(long)]
    moderate: bool,

    /// They make rooms, also where --creators token is set: any, or those that --room names
    #[arg(long)]
    create: bool,

    /// They are an owner: decide who moderates, and end the room
    #[arg(long)]
    admin: bool,

    /// Print the link with the token in it, too: of the room, or with --create alone of the home page. Say where people open
    /// the server
    #[arg(long, value_name = "https://HOST")]
    link: Option<Url>,

    /// Which key signs, if --pass-keys has several
    #[arg(long, value_name = "NAME")]
    key: Option<String>,

    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    state: StateArgs,
}

/// Named, because clap takes a `Vec` for a flag that is repeated.
type Sources = std::sync::Arc<[Source]>;

/// A token to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenConfig {
    /// What it says, but for when it ends and which one it is.
    pub claims: Claims,
    /// How long it is good.
    pub lasts: Duration,
    /// Where the server is, for a link with the token in it.
    pub link: Option<String>,
    /// Which key signs, if that is said.
    pub key: Option<String>,
    /// Where the keys are.
    pub keyring: Keyring,
}

impl TokenArgs {
    /// The token.
    ///
    /// # Errors
    /// One line on what does not fit together.
    pub(super) fn settle(self) -> Result<TokenConfig, String> {
        if self.room.is_none() && !self.create {
            return Err(
                "say --room with the id of a room, or --create for a token that makes rooms".to_owned()
            );
        }
        if self.room.is_none() && (self.moderate || self.admin) {
            return Err("--moderate and --admin are about a room: say --room, perhaps \"*\"".to_owned());
        }
        let link = match (self.link, &self.room) {
            (None, _) => None,
            // The home page makes rooms.
            (Some(base), None) => Some(format!("{}/", short(&base))),
            (Some(base), Some(room)) => {
                let room = room.room().ok_or("--link is to one room: say --room with its whole id")?;
                Some(format!("{}/r/{room}", short(&base)))
            }
        };
        let KeyArgs { directory, audience, issuer } = self.keys;
        let rights = Rights {
            room: self.room,
            join: true,
            publish: self.publish.map(|sources| sources.to_vec()),
            subscribe: !self.no_subscribe,
            chat: !self.no_chat,
            files: !self.no_files,
            moderate: self.moderate,
            create: self.create,
            admin: self.admin,
        };
        let claims = Claims {
            iss: issuer,
            aud: audience.map(Audience::One),
            sub: self.identity,
            name: self.name,
            plenary: rights,
            ..Claims::default()
        };
        let keyring = Keyring { directory, state: self.state.state, needed: false, makes: false };
        Ok(TokenConfig { claims, lasts: self.lasts, link, key: self.key, keyring })
    }
}

/// As people write it: without the port that is meant anyway.
fn short(base: &Url) -> String {
    let text = base.to_string();
    let usual = if base.tls { ":443" } else { ":80" };
    text.strip_suffix(usual).map_or(text.clone(), str::to_owned)
}

fn identity(text: &str) -> Result<String, String> {
    let fits = (1..=IDENTITY_CHARS).contains(&text.chars().count());
    fits.then(|| text.to_owned()).ok_or_else(|| format!("1 to {IDENTITY_CHARS} characters"))
}

fn sources(text: &str) -> Result<Sources, &'static str> {
    if text == "none" {
        return Ok(Sources::default());
    }
    text.split(',').map(|one| Source::from_str(one.trim())).collect()
}

fn lasting(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no time: write 90s, 15m, 1h or 7d, a year at most");
    let (at, unit) = text.char_indices().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number = text.get(..at).and_then(|number| number.parse::<u32>().ok());
    let lasts = number.map(|number| Duration::from_secs(u64::from(number) * seconds));
    lasts.filter(|lasts| !lasts.is_zero() && *lasts <= LONGEST).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Stop, Task};

    fn token(args: &[&str]) -> Result<TokenConfig, Stop> {
        match Task::from_args(["plenary", "token"].iter().chain(args))? {
            Task::Token(config) => Ok(*config),
            _ => panic!("it is to make a token"),
        }
    }

    #[test]
    fn a_room_is_enough() {
        let config = token(&["--room", "den"]).unwrap();
        let rights = Rights { room: Some("den".parse().unwrap()), ..Rights::default() };
        assert_eq!(config.claims, Claims { plenary: rights, ..Claims::default() });
        assert_eq!((config.lasts, config.link), (Duration::from_secs(3_600), None));
    }

    #[test]
    fn what_is_said_is_in_it() {
        let config = token(&[
            "--room",
            "class-*",
            "--name",
            "Ann",
            "--identity",
            "7",
            "--for",
            "15m",
            "--publish",
            "microphone, camera",
            "--no-chat",
            "--moderate",
            "--create",
            "--pass-audience",
            "meet",
            "--pass-issuer",
            "school",
            "--key",
            "a",
        ]);
        let config = config.unwrap();
        let Claims { iss, aud, sub, name, plenary, .. } = config.claims;
        assert_eq!((iss.as_deref(), aud), (Some("school"), Some(Audience::One("meet".to_owned()))));
        assert_eq!((sub.as_deref(), name.as_deref()), (Some("7"), Some("Ann")));
        assert_eq!(plenary.publish, Some(vec![Source::Microphone, Source::Camera]));
        assert!(!plenary.chat && plenary.files && plenary.moderate && plenary.create && !plenary.admin);
        assert_eq!((config.lasts, config.key.as_deref()), (Duration::from_secs(900), Some("a")));
        assert_eq!(
            token(&["--room", "a", "--publish", "none"]).unwrap().claims.plenary.publish,
            Some(vec![])
        );
    }

    #[test]
    fn a_link_is_as_people_write_it() {
        for (base, link) in [
            ("https://meet.example.org", "https://meet.example.org/r/den"),
            ("https://meet.example.org/", "https://meet.example.org/r/den"),
            ("https://localhost:8443", "https://localhost:8443/r/den"),
            ("http://[2001:db8::1]:80", "http://[2001:db8::1]/r/den"),
        ] {
            assert_eq!(token(&["--room", "den", "--link", base]).unwrap().link.as_deref(), Some(link));
        }
        let home = token(&["--create", "--link", "https://meet.example.org"]).unwrap().link;
        assert_eq!(home.as_deref(), Some("https://meet.example.org/"));
    }

    #[test]
    fn a_mistake_is_one_line_and_code_2() {
        for (args, hint) in [
            (&[][..], "--room"),
            (&["--room", "Den"], "a-z"),
            (&["--room", "a*b"], "at its end"),
            (&["--moderate", "--create"], "about a room"),
            (&["--room", "den", "--for", "1"], "15m"),
            (&["--room", "den", "--for", "0s"], "15m"),
            (&["--room", "den", "--for", "400d"], "a year"),
            (&["--room", "den", "--for", "é"], "15m"),
            (&["--room", "den", "--publish", "sound"], "microphone, camera and screen"),
            (&["--room", "den-*", "--link", "https://a"], "one room"),
            (&["--room", "den", "--link", "a.example"], "https://HOST:PORT"),
            (&["--room", "den", "--identity", ""], "1 to 128"),
            (&["--room", "den", "--nonsense"], "(see token --help)"),
        ] {
            let stop = token(args).unwrap_err();
            assert!(stop.code == 2 && stop.text.contains(hint), "{args:?}: {}", stop.text);
            assert_eq!(stop.text.lines().count(), 1, "{}", stop.text);
        }
    }
}
