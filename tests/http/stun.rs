//! A browser's outer address: `welcome` says where to ask for it, and who asks there is told.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Folder, posted, websocket};
use crate::process::{PROGRAM, Process};

#[test]
fn whoever_asks_where_a_welcome_says_is_told_their_address() {
    let folder = Folder::new();
    let mut command = Command::new(PROGRAM);
    command.args(["--plain-http", "--http-port", "0", "--udp-port", "0", "--announce", "127.0.0.1"]);
    let process = Process::start(command, &folder);
    let mut client = process.connect();
    client.say(&posted("/api/rooms", r#"{"name":"One","listed":true}"#));
    assert_eq!(client.answer().status, 201);
    let mut socket = websocket(process.port);
    let join = json!({ "type": "join", "room": "one", "name": "Ann" });
    socket.send(Message::text(join.to_string())).unwrap();
    let Message::Text(text) = socket.read().unwrap() else { panic!("no welcome") };
    let welcome: Value = serde_json::from_str(&text).unwrap();
    let url = welcome["stunServers"][0]["urls"][0].as_str().expect("a URL");
    let server: SocketAddr = url.strip_prefix("stun:").and_then(|url| url.parse().ok()).expect("an address");

    let asker = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    asker.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], b"twelve bytes"].concat();
    asker.send_to(&request, server).unwrap();
    let mut answer = [0; 100];
    let (length, from) = asker.recv_from(&mut answer).unwrap();
    assert_eq!((length, from), (32, server));
    assert_eq!(answer[8..20], *b"twelve bytes");
    let port = u16::from_be_bytes([answer[26], answer[27]]) ^ 0x2112;
    assert_eq!(port, asker.local_addr().unwrap().port());
    let address: Vec<u8> = answer[28..32].iter().zip([0x21, 0x12, 0xa4, 0x42]).map(|(a, b)| a ^ b).collect();
    assert_eq!(address, [127, 0, 0, 1]);
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
}
