//! Who comes in and who makes rooms, and the keys of the access tokens that say so.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::conference::{Auth, PassRules};
use crate::keyring::Keyring;
use crate::passes::Passes;

#[derive(Debug, Clone, Args)]
pub(super) struct PassArgs {
    /// Who comes into rooms: open for whoever has the link, token for whoever shows an access token besides (token --help)
    #[arg(long, env = "PLENARY_AUTH", value_name = "open|token", default_value = "open", value_parser = auth)]
    auth: Auth,

    /// Who makes rooms, and has them made again by their links: open for everybody, token for whoever has an access token
    /// for that. Without it: as --auth
    #[arg(long, env = "PLENARY_CREATORS", value_name = "open|token", value_parser = auth)]
    creators: Option<Auth>,

    #[command(flatten)]
    keys: KeyArgs,
}

/// What making tokens and taking them have to agree on.
#[derive(Debug, Clone, Args)]
pub(super) struct KeyArgs {
    /// Directory of the keys of access tokens, one a file, named by their kid: NAME.hs256 (a secret in base64url), NAME.pem
    /// (a public RSA or Ed25519 key), NAME.jwks (a set of keys). Read again on SIGHUP. Without it: a key of the server's own
    #[arg(long = "pass-keys", env = "PLENARY_PASS_KEYS", value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,

    /// For whom access tokens have to be (aud). Without it nobody looks
    #[arg(long = "pass-audience", env = "PLENARY_PASS_AUDIENCE", value_name = "NAME")]
    pub(super) audience: Option<String>,

    /// Who has to have made access tokens (iss). Without it nobody looks
    #[arg(long = "pass-issuer", env = "PLENARY_PASS_ISSUER", value_name = "NAME")]
    pub(super) issuer: Option<String>,
}

/// What access tokens are for, still without keys, and where these are.
pub(super) fn settle(args: PassArgs, state: &Path) -> (PassRules, Keyring) {
    let PassArgs { auth: join, creators, keys } = args;
    let create = creators.unwrap_or(join);
    let needed = join == Auth::Token || create == Auth::Token;
    let KeyArgs { directory, audience, issuer } = keys;
    let passes = Passes { audience, issuer, ..Passes::default() };
    let keyring = Keyring { directory, state: state.to_owned(), needed, makes: true };
    (PassRules { passes, join, create }, keyring)
}

fn auth(text: &str) -> Result<Auth, &'static str> {
    match text {
        "open" => Ok(Auth::Open),
        "token" => Ok(Auth::Token),
        _ => Err("neither open nor token"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn rooms_are_made_by_whoever_comes_in_unless_it_is_said_otherwise() {
        for (args, join, create) in [
            (&[][..], Auth::Open, Auth::Open),
            (&["--creators", "token"], Auth::Open, Auth::Token),
            (&["--auth", "token"], Auth::Token, Auth::Token),
            (&["--auth", "token", "--creators", "open"], Auth::Token, Auth::Open),
        ] {
            let config = config(args).unwrap();
            assert_eq!((config.rules.join, config.rules.create), (join, create), "{args:?}");
            assert_eq!(config.keyring.needed, create == Auth::Token || join == Auth::Token);
        }
    }

    #[test]
    fn keys_are_where_the_operator_says() {
        let config = config(&["--pass-keys", "keys", "--pass-audience", "meet", "--state", "s"]).unwrap();
        assert_eq!(config.keyring.directory.as_deref(), Some(Path::new("keys")));
        assert_eq!(config.keyring.state, Path::new("s"));
        assert_eq!(
            (config.rules.passes.audience.as_deref(), config.rules.passes.issuer),
            (Some("meet"), None)
        );
    }
}
