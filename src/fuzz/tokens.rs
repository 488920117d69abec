//! Access tokens: whatever somebody shows, whatever somebody signs who has a key, and whatever lies in the folder of keys.

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::passes::{Pass, PassKeys, Passes};

/// The time at which they are shown.
const NOW: u64 = 1_795_257_403;

/// The one key there is, and how it is called.
const SECRET: &[u8; 32] = b"a secret of thirty-two bytes....";
const NAME: &str = "fuzz";
const HEADER: &[u8] = br#"{"alg":"HS256","kid":"fuzz"}"#;

/// The first byte says what the others are: a token; claims that are signed; a header and claims that are; or keys. A token is good only
/// if the key signed it as its header says; whatever one lets somebody do it says itself.
pub fn tokens(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 4 {
        0 => shown(&String::from_utf8_lossy(rest)),
        1 => drop(signed(HEADER, rest)),
        2 => {
            let at = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
            let (header, claims) = rest.split_at(at);
            if signed(header, claims.get(1..).unwrap_or_default()).is_some() {
                let header: Value = serde_json::from_slice(header).unwrap_or_default();
                let is = |name: &str, wanted: &str| header.get(name).is_some_and(|said| said == wanted);
                assert!(is("alg", "HS256") && is("kid", NAME), "{header} decides nothing");
            }
        }
        _ => keys(rest),
    }
}

fn passes() -> Passes {
    let mut keys = PassKeys::default();
    let added = keys.add_secret(NAME, BASE64URL_NOPAD.encode(SECRET).as_bytes());
    assert!(added.is_ok(), "{added:?}");
    Passes { keys, ..Passes::default() }
}

fn signature(signed: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), signed.as_bytes()).as_ref().to_vec()
}

/// Whatever is shown: nobody without the key makes one that is good.
fn shown(text: &str) {
    if passes().verify(text, NOW).is_ok() {
        let (signed, shown) = text.rsplit_once('.').unwrap_or_default();
        let shown = BASE64URL_NOPAD.decode(shown.as_bytes());
        assert_eq!(shown.ok(), Some(signature(signed)), "{text} was not signed");
    }
}

/// Whatever is signed: it is good for as long as it says, and for the rooms that it names.
fn signed(header: &[u8], claims: &[u8]) -> Option<Pass> {
    let signed = format!("{}.{}", BASE64URL_NOPAD.encode(header), BASE64URL_NOPAD.encode(claims));
    let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature(&signed)));
    let passes = passes();
    let read = passes.verify(&token, NOW);
    assert_eq!(read, passes.verify(&token, NOW), "the same is the same");
    let pass = read.ok()?;
    let said: Value = serde_json::from_slice(claims).unwrap_or_default();
    assert!(
        said.get("exp").and_then(Value::as_f64).is_some_and(|ends| ends + 30.0 > NOW as f64),
        "{said} ended"
    );
    let room = said.pointer("/plenary/room").and_then(Value::as_str);
    let opens = |id: &str| pass.opens(id).is_ok();
    match room {
        None => assert!(!opens("den") && !opens(""), "{said} is for no room"),
        Some(room) if !room.ends_with('*') => assert!(!opens(&format!("{room}x")), "{said} is for one"),
        Some(_) => {}
    }
    assert_eq!(pass.identity.is_some(), said.get("sub").is_some_and(Value::is_string), "{said}");
    Some(pass)
}

/// Whatever is in the folder of keys: it is read or refused, and lets in nothing that is not signed.
fn keys(bytes: &[u8]) {
    let adds: [fn(&mut PassKeys, &[u8]) -> bool; 3] = [
        |keys, bytes| keys.add_secret("a", bytes).is_ok(),
        |keys, bytes| keys.add_pem("a", bytes).is_ok(),
        |keys, bytes| keys.add_set(bytes).is_ok(),
    ];
    for add in adds {
        let mut keys = PassKeys::default();
        add(&mut keys, bytes);
        let names: Vec<String> = keys.names().map(str::to_owned).collect();
        let passes = Passes { keys, ..Passes::default() };
        let claims = BASE64URL_NOPAD.encode(br#"{"exp":1e10,"plenary":{"room":"*"}}"#);
        for (name, algorithm) in
            names.iter().flat_map(|name| ["none", "HS256", "RS256"].map(|alg| (name, alg)))
        {
            let header = serde_json::json!({ "alg": algorithm, "kid": name }).to_string();
            let header = BASE64URL_NOPAD.encode(header.as_bytes());
            assert!(passes.verify(&format!("{header}.{claims}."), NOW).is_err(), "{name} signed nothing");
        }
    }
}
