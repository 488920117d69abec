//! What the command line makes of what an operator says. Its parts have tests beside them, which read it the same way.

use super::*;

/// The command line, without the program's name.
pub(super) fn config(args: &[&str]) -> Result<Config, Stop> {
    match Task::from_args(std::iter::once("plenary").chain(args.iter().copied()))? {
        Task::Serve(config) => Ok(*config),
        _ => panic!("it is to serve"),
    }
}

pub(super) fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn serving_needs_no_argument_and_no_command() {
    for args in [&[][..], &["serve"]] {
        let config = config(args).unwrap();
        assert_eq!((config.http_port, config.udp_port), (HTTP_PORT, UDP_PORT));
        assert_eq!(config.transport, Transport::Directory("certs".into()));
    }
    assert_eq!(config(&["--http-port", "1"]).unwrap().http_port, 1);
    assert_eq!(config(&["serve", "--http-port", "1"]).unwrap().http_port, 1);
}

#[test]
fn a_bad_value_is_one_line_and_code_2() {
    for args in [
        &["--http-port", "70000"][..],
        &["--announce", "example.org"],
        &["--announce", "10.0.0.1=2001:db8::1"],
        &["--trusted-proxy", "10.0.0.0/33"],
        &["--log", "loud"],
        &["--metrics", "9464"],
        &["--metrics", "localhost"],
        &["--cert", "a.pem"],
        &["--plain-http", "--cert", "a", "--key", "b"],
        &["--nonsense"],
        &["--workers", "0"],
        &["--workers", "many"],
        &["--workers", "256"],
        &["--workers", "2", "--udp-port", "65535"],
        &["--pin", "0-"],
        &["--pin", "0,0"],
        &["--pin", "3-1"],
        &["--pin", "4000"],
        &["--pin", "0", "--workers", "2"],
        &["--pin", "0,1", "--workers", "1"],
        &["--pin-control", "0"],
        &["--pin", "0", "--pin-control", "0-1"],
        &["--pin", "0", "--pin-control", "1000"],
        &["--codecs", "VP8,VP8"],
        &["--codecs", "VP8,opus"],
        &["--codecs", "H263"],
        &["--audio-top", "0"],
        &["--audio-top", "9"],
        &["--spill-at", "101"],
        &["--spill-at", "-1"],
        &["--codecs", ","],
        &["--turn-url", "turn:turn.example.org"],
        &["--turn-secret-file", "secret"],
        &["--turn-url", "http://turn.example.org", "--turn-secret-file", "secret"],
        &["--turn-url", "turn:a,", "--turn-secret-file", "secret"],
        &["--auth", "nobody"],
        &["--creators", "all"],
        &["dance"],
    ] {
        let stop = config(args).unwrap_err();
        assert_eq!(stop.code, 2, "{args:?}");
        assert_eq!(stop.text.lines().count(), 1, "{}", stop.text);
    }
    for (args, hints) in [
        (["--http-port", "70000"], ["70000", "--http-port"]),
        (["--http-port", "many"], ["not a whole number", "(see --help)"]),
        (["--log", "loud"], ["off, error, warn", "--log"]),
        (["--client-dir", "/nowhere"], ["no such directory", "/nowhere"]),
    ] {
        let stop = config(&args).unwrap_err();
        assert!(hints.iter().all(|hint| stop.text.contains(hint)), "{}", stop.text);
    }
}

#[test]
fn workers_cores_and_codecs_are_what_the_operator_wants() {
    let plain = config(&[]).unwrap();
    assert_eq!((plain.workers, plain.cores), (1, vec![]));
    assert_eq!(plain.codecs, [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1]);
    assert_eq!(config(&["--workers", "3"]).unwrap().workers, 3);
    assert!(config(&["--workers", "auto"]).unwrap().workers >= 1);
    let own = core_affinity::get_core_ids().unwrap()[0].id;
    for args in [&["--pin", &own.to_string()][..], &["--workers", "auto", "--pin", &format!("{own}-{own}")]] {
        let pinned = config(args).unwrap();
        assert_eq!((pinned.workers, pinned.cores, pinned.control_core), (1, vec![own], None));
    }
    let both = config(&["--pin", &own.to_string(), "--pin-control", &own.to_string()]).unwrap();
    assert_eq!((both.cores, both.control_core), (vec![own], Some(own)));
    assert_eq!((plain.audio_top, config(&["--audio-top", "8"]).unwrap().audio_top), (4, 8));
    assert_eq!(config(&["--codecs", "h264, vp8"]).unwrap().codecs, [Codec::H264, Codec::Vp8]);
}

#[test]
fn help_names_every_flag_and_its_variable() {
    let help = config(&["--help"]).unwrap_err();
    assert_eq!(help.code, 0);
    for flag in [
        "http-port",
        "http-address",
        "host",
        "udp-port",
        "workers",
        "pin",
        "pin-control",
        "codecs",
        "audio-top",
        "file-bytes",
        "spill-at",
        "metrics",
        "announce",
        "cert",
        "key",
        "plain-http",
        "trusted-proxy",
        "turn-url",
        "turn-secret-file",
        "state",
        "auth",
        "creators",
        "pass-keys",
        "pass-audience",
        "pass-issuer",
        "limit",
        "log",
        "client-dir",
    ] {
        assert!(help.text.contains(&format!("--{flag}")), "{flag}");
        let variable = format!("PLENARY_{}", flag.replace('-', "_").to_uppercase());
        assert!(help.text.contains(&variable), "{variable}");
    }
}

#[test]
fn a_proxy_is_an_address_or_a_network() {
    let config = config(&["--trusted-proxy", "10.0.0.1,192.168.0.0/16"]).unwrap();
    assert_eq!(
        config.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10.0.0.1/32", "192.168.0.0/16"]
    );
}

/// `docs/settings.md` has a line for each setting, and no other. `PLENARY_WRITE_DOCS=1` writes them.
#[test]
fn every_setting_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");
    let text = std::fs::read_to_string(path).unwrap();
    let command = ServeArgs::augment_args(clap::Command::new("plenary"));
    let lines = shown::documented(&command);
    let (before, rest) = text.split_once("|---|---|---|---|---|\n").unwrap();
    let end = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
    if std::env::var_os("PLENARY_WRITE_DOCS").is_some() {
        std::fs::write(path, format!("{before}|---|---|---|---|---|\n{lines}{}", &rest[end..])).unwrap();
        return;
    }
    let how = "PLENARY_WRITE_DOCS=1 cargo test --features faults --lib every_setting writes docs/settings.md";
    assert_eq!(&rest[..end], lines, "{how}");
}
