//! Many sockets of one attacker that do the same thing at the same time.

use std::sync::Barrier;

use tungstenite::WebSocket;

use crate::harness::Stream;
use crate::server::Server;

/// Opens `count` sockets from the attacker's address, then has each do `act` in a thread of its own, all at once. What each
/// got, in the order of their numbers.
pub fn at_once<T: Send>(
    server: &Server,
    count: usize,
    act: impl Fn(usize, WebSocket<Stream>) -> T + Sync,
) -> Vec<T> {
    let (act, ready) = (&act, &Barrier::new(count));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let socket = server.websocket();
                scope.spawn(move || {
                    ready.wait();
                    act(number, socket)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("an attacker goes on")).collect()
    })
}

/// One answer if all are the same, else all that differ.
pub fn joined(answers: impl IntoIterator<Item = String>) -> String {
    let different: std::collections::BTreeSet<String> = answers.into_iter().collect();
    different.into_iter().collect::<Vec<_>>().join(" and ")
}
