//! Good tokens, and every way to make a bad one.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: u64 = 1_795_257_403;

const SECRET: &[u8] = b"thirty-two bytes and a few more of them";

/// The private halves of the keys, and the server that has the public ones.
struct Makers {
    rsa: RsaKeyPair,
    rsa_pem: String,
    ed: EncodingKey,
    passes: Passes,
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(der))
}

impl Makers {
    fn new() -> Makers {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        let rsa_pem = pem(rsa.public_key().as_der().unwrap().as_ref());
        let mut keys = PassKeys::default();
        keys.add_secret("shared", BASE64URL_NOPAD.encode(SECRET).as_bytes()).unwrap();
        keys.add_pem("rsa", rsa_pem.as_bytes()).unwrap();
        keys.add_pem("ed", pem(ed.public_key().as_der().unwrap().as_ref()).as_bytes()).unwrap();
        Makers {
            rsa,
            rsa_pem,
            ed: EncodingKey::from_ed_der(ed.to_pkcs8().unwrap().as_ref()),
            passes: Passes { keys, ..Passes::default() },
        }
    }
}

fn claims() -> Value {
    json!({ "exp": NOW + 60, "sub": "ann", "plenary": { "room": "den" } })
}

fn part(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

fn signed(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

/// With RS256, by somebody who has the private key.
fn signed_with_rsa(kid: &str, key: &RsaKeyPair) -> String {
    let signed = format!("{}.{}", part(&json!({ "alg": "RS256", "kid": kid })), part(&claims()));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// Of the shared secret, with these claims.
fn shared(claims: &Value) -> String {
    let header = json!({ "alg": "HS256", "kid": "shared" });
    signed(&header, claims, &EncodingKey::from_secret(SECRET), Algorithm::HS256)
}

/// What becomes of a token of the shared secret whose claims are changed so.
fn with(change: impl FnOnce(&mut Value)) -> Result<Pass, PassError> {
    let mut claims = claims();
    change(&mut claims);
    only_secret().verify(&shared(&claims), NOW)
}

#[test]
fn a_token_of_each_kind_of_key_says_what_somebody_may() {
    let makers = Makers::new();
    let header = json!({ "alg": "EdDSA", "kid": "ed", "typ": "JWT" });
    for (kid, token) in [
        ("shared", shared(&claims())),
        ("rsa", signed_with_rsa("rsa", &makers.rsa)),
        ("ed", signed(&header, &claims(), &makers.ed, Algorithm::EdDSA)),
    ] {
        let pass = makers.passes.verify(&token, NOW).unwrap();
        assert_eq!((pass.name, pass.rights.join, pass.rights.moderate), (None, true, false), "{kid}");
        // A letter of its signature is another one: each of them counts.
        let mut forged = token.clone().into_bytes();
        let at = forged.len() - 5;
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(makers.passes.verify(&forged, NOW), Err(PassError::Forged), "{kid}");
    }
}

#[test]
fn how_it_is_signed_is_the_keys_to_say_and_never_the_tokens() {
    let makers = Makers::new();
    // The public key as a secret: whoever reads it off the server would sign for everybody.
    for text in [makers.rsa_pem.as_bytes(), makers.rsa_pem.trim().as_bytes()] {
        let header = json!({ "alg": "HS256", "kid": "rsa" });
        let swapped = signed(&header, &claims(), &EncodingKey::from_secret(text), Algorithm::HS256);
        assert_eq!(makers.passes.verify(&swapped, NOW), Err(PassError::OtherAlgorithm { of_key: "RS256" }));
        // And with the header that the key wants, and the same signature.
        let header = json!({ "alg": "RS256", "kid": "rsa" });
        let swapped = signed(&header, &claims(), &EncodingKey::from_secret(text), Algorithm::HS256);
        assert_eq!(makers.passes.verify(&swapped, NOW), Err(PassError::Forged));
    }
    for alg in ["RS512", "PS256", "ES256", "HS512", "hs256", ""] {
        let header = json!({ "alg": alg, "kid": "shared" });
        let token = signed(&header, &claims(), &EncodingKey::from_secret(SECRET), Algorithm::HS256);
        assert_eq!(
            makers.passes.verify(&token, NOW),
            Err(PassError::OtherAlgorithm { of_key: "HS256" }),
            "{alg}"
        );
    }
    for alg in ["none", "None", "NONE", "nOnE"] {
        let signed = format!("{}.{}", part(&json!({ "alg": alg, "kid": "shared" })), part(&claims()));
        for signature in ["", "AAAA"] {
            let token = format!("{signed}.{signature}");
            assert_eq!(makers.passes.verify(&token, NOW), Err(PassError::Unsigned), "{alg}");
        }
    }
    let unsigned = format!("{}.{}.", part(&json!({ "alg": "HS256", "kid": "shared" })), part(&claims()));
    assert_eq!(makers.passes.verify(&unsigned, NOW), Err(PassError::Forged));
}

#[test]
fn a_keys_name_leads_to_a_key_and_to_nothing_else() {
    let makers = Makers::new();
    let token =
        |header: Value| signed(&header, &claims(), &EncodingKey::from_secret(SECRET), Algorithm::HS256);
    for kid in [
        "../shared",
        "shared.hs256",
        "/dev/null",
        "shared\0",
        "Shared",
        "",
        "' OR 1=1 --",
        "../../etc/passwd",
    ] {
        let token = token(json!({ "alg": "HS256", "kid": kid }));
        assert_eq!(makers.passes.verify(&token, NOW), Err(PassError::UnknownKey), "{kid}");
    }
    assert_eq!(makers.passes.verify(&token(json!({ "alg": "HS256" })), NOW), Err(PassError::NamesNoKey));
    let crit = json!({ "alg": "HS256", "kid": "shared", "crit": ["exp"] });
    assert_eq!(makers.passes.verify(&token(crit), NOW), Err(PassError::Critical));
    // Keys that a token brings along are nobody's.
    let brought = json!({ "alg": "EdDSA", "kid": "mine", "jwk": { "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }, "jku": "https://a" });
    assert_eq!(makers.passes.verify(&token(brought), NOW), Err(PassError::UnknownKey));
    let others = EncodingKey::from_secret(b"another secret that has enough bytes, too");
    let header = json!({ "alg": "HS256", "kid": "shared" });
    let token = signed(&header, &claims(), &others, Algorithm::HS256);
    assert_eq!(makers.passes.verify(&token, NOW), Err(PassError::Forged));
}

#[test]
fn it_is_good_from_its_beginning_to_its_end_and_half_a_minute_to_both_sides() {
    for (exp, expected) in [
        (json!(NOW + 1), None),
        (json!(NOW as f64 + 0.5), None),
        (json!(NOW - 29), None),
        (json!(NOW - 30), Some(PassError::Expired)),
        (json!(0), Some(PassError::Expired)),
        (json!(-1e300), Some(PassError::Expired)),
        (json!(NO_SECONDS - 1.0), None),
        (json!(NOW * 1_000), Some(PassError::NoSeconds)),
        (json!(1e300), Some(PassError::NoSeconds)),
    ] {
        assert_eq!(with(|claims| claims["exp"] = exp.clone()).err(), expected, "{exp}");
    }
    for (nbf, expected) in [
        (json!(NOW), None),
        (json!(NOW + 30), None),
        (json!(NOW + 31), Some(PassError::NotYet)),
        (json!(1e300), Some(PassError::NotYet)),
    ] {
        assert_eq!(with(|claims| claims["nbf"] = nbf.clone()).err(), expected, "{nbf}");
    }
    let ends = |exp: Value| with(|claims| claims["exp"] = exp).unwrap_err();
    assert_eq!(ends(Value::Null), PassError::NoEnd);
    for wrong in [json!("soon"), json!([]), json!({}), json!(true)] {
        let error = ends(wrong);
        assert!(matches!(error, PassError::Unreadable { part: "claims", .. }), "{error}");
    }
}

#[test]
fn for_whom_and_by_whom_it_is_counts_where_the_operator_says_so() {
    let mut passes = only_secret();
    let said = |aud: Value, iss: Value| {
        let mut claims = claims();
        (claims["aud"], claims["iss"]) = (aud, iss);
        shared(&claims)
    };
    assert!(passes.verify(&said(json!("elsewhere"), json!("somebody")), NOW).is_ok(), "nobody looks");
    passes.audience = Some("meet".to_owned());
    passes.issuer = Some("school".to_owned());
    for (aud, iss, expected) in [
        (json!("meet"), json!("school"), None),
        (json!(["other", "meet"]), json!("school"), None),
        (json!("other"), json!("school"), Some(PassError::OtherAudience)),
        (json!([]), json!("school"), Some(PassError::OtherAudience)),
        (Value::Null, json!("school"), Some(PassError::OtherAudience)),
        (json!("meet"), json!("School"), Some(PassError::OtherIssuer)),
        (json!("meet"), Value::Null, Some(PassError::OtherIssuer)),
    ] {
        assert_eq!(passes.verify(&said(aud.clone(), iss.clone()), NOW).err(), expected, "{aud} {iss}");
    }
}

#[test]
fn a_pass_is_for_one_room_or_for_those_that_begin_alike() {
    let opens =
        |room: Value, id: &str| with(|claims| claims["plenary"] = json!({ "room": room })).unwrap().opens(id);
    for (room, id, expected) in [
        (json!("den"), "den", Ok(())),
        (json!("den"), "dens", Err(PassError::OtherRoom)),
        (json!("den"), "", Err(PassError::OtherRoom)),
        (json!("class-*"), "class-7", Ok(())),
        (json!("class-*"), "class", Err(PassError::OtherRoom)),
        (json!("*"), "anything", Ok(())),
        (Value::Null, "den", Err(PassError::OtherRoom)),
    ] {
        assert_eq!(opens(room.clone(), id), expected, "{room} {id}");
    }
    for wrong in ["", "Den", "d*n", "**", "a b", "../den", "dén"] {
        let error = with(|claims| claims["plenary"]["room"] = wrong.into()).unwrap_err();
        assert!(error.to_string().contains("plenary.room"), "{wrong}: {error}");
    }
    let shut = with(|claims| claims["plenary"]["join"] = false.into()).unwrap();
    assert_eq!(shut.opens("den"), Err(PassError::NoEntry));
    let maker = |plenary: Value| with(|claims| claims["plenary"] = plenary).unwrap();
    assert!(maker(json!({ "create": true })).makes("den"));
    assert!(!maker(json!({ "create": true, "room": "class-*" })).makes("den"));
    assert!(!maker(json!({ "room": "den" })).makes("den"));
}

#[test]
fn a_slip_of_a_key_allows_nothing() {
    for plenary in [
        json!({ "room": "den", "publsh": [] }),
        json!({ "room": "den", "publish": ["microfone"] }),
        json!({ "room": "den", "publish": "camera" }),
        json!({ "room": "den", "subscribe": "no" }),
        json!({ "room": ["den"] }),
        json!("den"),
    ] {
        let error = with(|claims| claims["plenary"] = plenary.clone()).unwrap_err();
        assert!(error.to_string().contains("plenary"), "{plenary}: {error}");
    }
}

#[test]
fn a_token_and_whom_it_is_for_are_known_again_and_others_are_not_taken_for_them() {
    let pass = |change: &dyn Fn(&mut Value)| with(|claims| change(claims)).unwrap();
    let plain = pass(&|_| ());
    assert_eq!((plain.id, plain.identity), (pass(&|_| ()).id, pass(&|_| ()).identity));
    let later = pass(&|claims| claims["exp"] = (NOW + 61).into());
    assert_ne!(plain.id, later.id, "another token");
    assert_eq!(plain.identity, later.identity, "for the same");
    let numbered = |jti: &str, exp: u64| {
        pass(&|claims| {
            claims["jti"] = jti.into();
            claims["exp"] = (NOW + exp).into();
        })
    };
    assert_eq!(numbered("a", 1).id, numbered("a", 2).id);
    assert_ne!(numbered("a", 1).id, numbered("b", 1).id);
    let of = |iss: &str, sub: &str| {
        pass(&|claims| (claims["iss"], claims["sub"]) = (iss.into(), sub.into())).identity
    };
    let all = [of("a", "b c"), of("a b", "c"), of("", "a b c"), of("a", "B c"), of("a", "b"), of("b", "b")];
    assert!(all.iter().enumerate().all(|(at, one)| !all[..at].contains(one)), "{all:?}");
    assert_eq!(pass(&|claims| claims["sub"] = Value::Null).identity, None);
    assert!(with(|claims| claims["sub"] = "é".repeat(128).into()).is_ok());
    assert_eq!(
        with(|claims| claims["sub"] = "é".repeat(129).into()),
        Err(PassError::LongIdentity { most: 128 })
    );
}

#[test]
fn keys_that_could_be_guessed_or_are_of_no_use_are_refused_with_a_reason() {
    let secret = |text: &[u8]| PassKeys::default().add_secret("a", text);
    assert_eq!(secret(BASE64URL_NOPAD.encode(&[7; 31]).as_bytes()), Err(KeyError::ShortSecret));
    assert_eq!(secret(b"a secret with blanks in it, of more than 32 bytes"), Err(KeyError::NotBase64));
    assert_eq!(secret(b""), Err(KeyError::ShortSecret));
    let padded = format!("{}=\n", BASE64URL_NOPAD.encode(&[7; 32]));
    assert_eq!(secret(padded.as_bytes()), Ok(()), "as basenc writes it");
    let add = |text: &str| PassKeys::default().add_pem("a", text.as_bytes());
    for (label, expected) in [
        ("PRIVATE KEY", KeyError::Private),
        ("RSA PRIVATE KEY", KeyError::Private),
        ("ENCRYPTED PRIVATE KEY", KeyError::Private),
        ("CERTIFICATE", KeyError::Certificate),
        ("RSA PUBLIC KEY", KeyError::NoPem),
        ("PUBLIC KEY", KeyError::OtherKind),
    ] {
        assert_eq!(add(&format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")), Err(expected));
    }
    assert_eq!(add(""), Err(KeyError::NoPem));
    // 1,024 bits, which `openssl genrsa 1024` makes to this day.
    let small = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC03LL0iFkHVyg7KMQF71TDMZZd\n\
        X9JdBV7by4NlCxkiTxVYyOliPMCIB7PXC2caqZZeg0a/AerCk/nj9oo/CA6w8gMa\n\
        zK21u/DNl7c90pD39sev08tWVQr/pzXXpBBH0Ubz2b1pXgvqIqACY3wOXl0kpbvz\n\
        96tMbTx1jQ2gKDuJ1QIDAQAB";
    let refused = add(&format!("-----BEGIN PUBLIC KEY-----\n{small}\n-----END PUBLIC KEY-----\n"));
    assert_eq!(refused, Err(KeyError::RsaBits { bits: 1_024 }));
    assert!(is_plain_name("Team_1-a") && is_plain_name(&"a".repeat(64)));
    for name in ["", "a.b", "../a", "a/b", "a b", "é", "\0", &"a".repeat(65)] {
        assert!(!is_plain_name(name), "{name}");
    }
}

#[test]
fn of_a_set_of_keys_those_are_taken_that_sign() {
    let makers = Makers::new();
    let mut ed = Vec::new();
    let pair = Ed25519KeyPair::generate().unwrap();
    ed.extend_from_slice(pair.public_key().as_ref());
    let set = json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "kid": "2026/1", "x": BASE64URL_NOPAD.encode(&ed) },
        { "kty": "oct", "alg": "HS256", "kid": "secret", "k": BASE64URL_NOPAD.encode(SECRET) },
        { "kty": "EC", "crv": "P-256", "kid": "other", "x": "AA", "y": "AA" },
        { "kty": "RSA", "use": "enc", "kid": "letters", "n": "AA", "e": "AQAB" },
        { "kty": "RSA", "alg": "PS256", "kid": "pss", "n": "AA", "e": "AQAB" },
        { "kty": "nobody knows" },
    ] });
    let mut passes = makers.passes.clone();
    passes.keys.add_set(set.to_string().as_bytes()).unwrap();
    assert_eq!(passes.keys.names().collect::<Vec<_>>(), ["2026/1", "ed", "rsa", "secret", "shared"]);
    let header = json!({ "alg": "EdDSA", "kid": "2026/1" });
    let key = EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref());
    assert!(passes.verify(&signed(&header, &claims(), &key, Algorithm::EdDSA), NOW).is_ok());
    for (key, why) in [
        (json!({ "kty": "oct", "kid": "a", "k": "AAAA" }), "fewer than 32 bytes"),
        (json!({ "kty": "oct", "k": BASE64URL_NOPAD.encode(SECRET) }), "no name"),
        (json!({ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "AAAA" }), "a: its key"),
        (json!({ "kty": "RSA", "kid": "a", "n": "AAAA", "e": "AQAB" }), "a: "),
        (json!({ "kty": "RSA", "kid": "a", "e": "AQAB" }), "a part of it"),
        (json!({ "kty": "oct", "kid": "rsa", "k": BASE64URL_NOPAD.encode(SECRET) }), "two keys named rsa"),
    ] {
        let set = json!({ "keys": [key] }).to_string();
        let error = makers.passes.keys.clone().add_set(set.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(why), "{set}: {error}");
    }
    assert!(PassKeys::default().add_set(b"{}").unwrap_err().to_string().contains("JWKS"));
}

#[test]
fn an_rsa_key_is_the_same_in_a_set_and_in_a_file() {
    let makers = Makers::new();
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let modulus = pair.public_key().modulus();
    let n = BASE64URL_NOPAD.encode(modulus.big_endian_without_leading_zero());
    let set = json!({ "keys": [{ "kty": "RSA", "kid": "new", "use": "sig", "n": n, "e": "AQAB" }] });
    let mut passes = makers.passes;
    passes.keys.add_set(set.to_string().as_bytes()).unwrap();
    assert!(passes.verify(&signed_with_rsa("new", &pair), NOW).is_ok());
    let mut of_file = PassKeys::default();
    of_file.add_pem("new", pem(pair.public_key().as_der().unwrap().as_ref()).as_bytes()).unwrap();
    assert_eq!(of_file.beside(&passes.keys).count(), 0);
}

#[test]
fn which_keys_are_new_and_which_are_gone_is_seen() {
    let secret = |byte: u8| BASE64URL_NOPAD.encode(&[byte; 32]);
    let keys = |all: &[(&str, u8)]| {
        let mut keys = PassKeys::default();
        for (name, byte) in all {
            keys.add_secret(name, secret(*byte).as_bytes()).unwrap();
        }
        keys
    };
    let (before, after) = (keys(&[("a", 1), ("b", 2), ("c", 3)]), keys(&[("b", 2), ("c", 4), ("d", 1)]));
    assert_eq!(after.beside(&before).collect::<Vec<_>>(), ["c", "d"]);
    assert_eq!(before.beside(&after).collect::<Vec<_>>(), ["a", "c"]);
}

#[test]
fn what_is_minted_here_is_taken_here() {
    let passes = Makers::new().passes;
    let claims = Claims {
        exp: Some((NOW + 60) as f64),
        sub: Some("ann".to_owned()),
        name: Some("Ann".to_owned()),
        plenary: Rights {
            room: Some("class-*".parse().unwrap()),
            publish: Some(vec![Source::Microphone]),
            moderate: true,
            ..Rights::default()
        },
        ..Claims::default()
    };
    let token = mint(&passes.keys, "shared", &claims, NOW).unwrap();
    let pass = passes.verify(&token, NOW).unwrap();
    assert_eq!((pass.name.as_deref(), &pass.rights), (Some("Ann"), &claims.plenary));
    let said = BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
    let said: Value = serde_json::from_slice(&said).unwrap();
    assert_eq!((&said["exp"], &said["iat"]), (&json!(NOW + 60), &json!(NOW)), "whole numbers");
    assert!(said.get("nbf").is_none() && said.get("aud").is_none(), "{said}");
    assert_eq!(mint(&passes.keys, "rsa", &claims, NOW), Err(MintError::OnlyPublic("rsa".to_owned())));
    assert_eq!(mint(&passes.keys, "nobody", &claims, NOW), Err(MintError::NoKey("nobody".to_owned())));
}

/// People write their programs from it.
#[test]
fn the_documentation_has_every_claim_and_no_other() {
    let document = include_str!("../../docs/tokens.md");
    let (_, example) = document.split_once("```json\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    let read: Claims = serde_json::from_value(example.clone()).unwrap();
    assert_eq!(read.plenary.publish, Some(Source::ALL.to_vec()));
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut written = serde_json::to_value(&read).unwrap();
    assert_eq!((names(&written), names(&written["plenary"])), (names(&example), names(&example["plenary"])));
    written["plenary"].as_object_mut().unwrap().retain(|name, _| name != "room" && name != "publish");
    assert_eq!(
        written["plenary"],
        serde_json::to_value(Rights::default()).unwrap(),
        "what holds without a word"
    );
    for name in names(&example) {
        let row = if name == "plenary" { "`plenary.room`" } else { &format!("`{name}`") };
        assert!(document.contains(row), "{name} is in the table");
    }
}

/// One that is asked very often: to make an RSA key takes long.
fn only_secret() -> Passes {
    let mut keys = PassKeys::default();
    keys.add_secret("shared", BASE64URL_NOPAD.encode(SECRET).as_bytes()).unwrap();
    Passes { keys, ..Passes::default() }
}

proptest! {
    #[test]
    fn no_other_text_is_a_token(noise in ".{0,300}", header: Vec<u8>, claims: Vec<u8>) {
        let passes = only_secret();
        prop_assert!(passes.verify(&noise, NOW).is_err());
        let parts = [&header, &claims].map(|part| BASE64URL_NOPAD.encode(part));
        let unsigned = format!("{}.{}.", parts[0], parts[1]);
        prop_assert!(passes.verify(&unsigned, NOW).is_err());
    }

    /// Whatever is changed in a good one, it is good no more, or it is the same one.
    #[test]
    fn a_token_is_whole_or_none(at: prop::sample::Index, letter in "[A-Za-z0-9_.=-]") {
        let (passes, good) = (only_secret(), shared(&claims()));
        let at = at.index(good.len());
        let mut changed = good.clone();
        changed.replace_range(at..=at, &letter);
        prop_assert_eq!(passes.verify(&changed, NOW).is_ok(), changed == good, "{}", changed);
    }

    /// Whoever has the key may still write anything: it is read, or refused.
    #[test]
    fn signed_noise_is_refused_or_read(
        exp in prop::num::f64::ANY, sub in ".{0,200}", name in ".{0,100}", room in ".{0,140}", noise in ".{0,100}",
    ) {
        let passes = only_secret();
        let claims = json!({ "exp": exp, "sub": sub, "name": name, "plenary": { "room": room } });
        let _ = passes.verify(&shared(&claims), NOW);
        let _ = passes.verify(&shared(&json!(noise)), NOW);
        let signed = format!("{}.{}", part(&json!({ "alg": "HS256", "kid": "shared" })), BASE64URL_NOPAD.encode(noise.as_bytes()));
        let signature = crypto::sign(signed.as_bytes(), &EncodingKey::from_secret(SECRET), Algorithm::HS256).unwrap();
        let token = format!("{signed}.{signature}");
        prop_assert!(passes.verify(&token, NOW).is_err(), "no end is in it");
    }
}
