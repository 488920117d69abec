//! What a turn costs: wake-ups of the control thread, calls of the kernel.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use super::*;
use crate::config::Announced;
use crate::limits::Limits;
use crate::media::message::Notice;
use crate::queue::queue;
use crate::worker::fault::WorkerFault;
use crate::worker::handle::tests::waker;

/// A worker on sockets of its own, and the control thread's ends of its queues.
fn worker() -> (Worker, Sender<ToWorker>, Drain<FromWorker>) {
    let here = Announced { local: Ipv4Addr::LOCALHOST.into(), public: Ipv4Addr::LOCALHOST.into() };
    let config =
        WorkerConfig { index: 0, port: 0, pin: None, announced: vec![here], limits: Limits::default() };
    let poll = Poll::new().expect("a poll");
    let (commands, inbound) = queue(1_024, Arc::new(Waker::new(poll.registry(), WAKER).expect("a waker")));
    let (outbound, notices) = queue(1_024, waker());
    (Worker::new(&config, poll, inbound, outbound).expect("a worker"), commands, notices)
}

#[test]
fn a_turn_wakes_the_control_thread_once_whatever_it_has_to_tell() {
    let (mut worker, mut commands, notices) = worker();
    commands.send(ToWorker::Fault(WorkerFault::Notices { count: 500 }));
    commands.send(ToWorker::Ping);
    assert!(worker.turn(Instant::now()));
    assert_eq!(worker.outbound.wakes(), 1);
    let mut told = 0;
    while let Ok(FromWorker::Notice(Notice::Quiet { .. })) = notices.next() {
        told += 1;
    }
    assert_eq!(told, 500);
    assert!(worker.turn(Instant::now()));
    assert_eq!(worker.outbound.wakes(), 1, "nobody is woken for nothing");
}

#[test]
fn what_a_turn_has_for_each_client_leaves_in_a_call_for_each_run_of_one_length() {
    let (mut worker, _commands, _notices) = worker();
    let clients = [1, 2].map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket"));
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, worker.port()));
    // A packet of sound, then a frame whose last packet is shorter, as a turn has them for everybody in the room.
    let turn: Vec<Vec<u8>> =
        [120].into_iter().chain([1_200; 10]).chain([300]).map(|length| vec![7; length]).collect();
    for client in &clients {
        client.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket of ours");
        let path = Path::udp(client.local_addr().expect("bound"), here);
        worker.outgoing.extend(turn.iter().map(|contents| Transmit { path, contents: contents.clone() }));
    }
    worker.send(Instant::now());
    let counters = worker.v4.udp.counters();
    assert_eq!((counters.sent, counters.sends), (24, 4), "{counters:?}");
    for client in &clients {
        for datagram in &turn {
            let mut buffer = [0; 2_000];
            let length = client.recv(&mut buffer).expect("a datagram");
            assert_eq!(&buffer[..length], datagram);
        }
    }
}
