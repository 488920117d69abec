//! What a turn costs: wake-ups of the control thread.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;

use super::*;
use crate::config::Announced;
use crate::limits::Limits;
use crate::media::message::Notice;
use crate::media::rtc::EgressKind;
use crate::queue::queue;
use crate::worker::fault::WorkerFault;
use crate::worker::handle::tests::waker;

/// A worker on sockets of its own, and the control thread's ends of its queues.
fn worker() -> (Worker, Sender<ToWorker>, Drain<FromWorker>) {
    let here = Announced { local: Ipv4Addr::LOCALHOST.into(), public: Ipv4Addr::LOCALHOST.into() };
    let (limits, egress) = (Limits::default(), EgressKind::Own);
    let config =
        WorkerConfig { index: 0, port: 0, pin: None, announced: vec![here], limits, egress, audio_top: 4 };
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
    assert!(worker.turn(Instant::now(), &mut Batch::new()));
    assert_eq!(worker.outbound.wakes(), 1);
    let mut told = 0;
    while let Ok(FromWorker::Notice(Notice::Quiet { .. })) = notices.next() {
        told += 1;
    }
    assert_eq!(told, 500);
    assert!(worker.turn(Instant::now(), &mut Batch::new()));
    assert_eq!(worker.outbound.wakes(), 1, "nobody is woken for nothing");
}
