//! One worker as the control thread sees it.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Poll, Waker};

use super::health::{Health, Verdict};
use super::report::{FromWorker, Report, ToWorker};
use super::thread::{WAKER, WakesAtEnd, Worker};
use super::{StartError, WorkerConfig};
use crate::conference::placement::PerMille;
use crate::media::Protocol;
use crate::media::message::{Command, Notice};
use crate::pin::stay_on;
use crate::queue::{Drain, Nothing, Sender, queue};

/// Messages to a worker in flight: a join is three, so this is a storm of hundreds.
const TO_WORKER: usize = 1_024;

/// Messages from a worker in flight: slots of every peer of a large room at once.
const FROM_WORKER: usize = 4_096;

/// Messages taken in one turn of the control thread: what an answer changes in a large room takes a tenth of a millisecond.
const TAKEN_A_TURN: usize = 128;

/// How long a worker may take to end. It looks at its queue many times in a second.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a worker came to serve nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Its thread ended although nobody told it to.
    Ended,
    /// Its thread does not turn.
    Stalled,
}

/// A running worker, from outside.
pub struct WorkerHandle {
    /// `None` once the worker was told to stop.
    outbound: Option<Sender<ToWorker>>,
    inbound: Drain<FromWorker>,
    thread: Option<JoinHandle<()>>,
    ended: bool,
    /// The last turn left messages in the queue.
    has_more: bool,
    health: Health,
    report: Report,
    reports: u64,
    /// Nobody was told how busy it is since its last report.
    newly_measured: bool,
    port: u16,
}

impl std::fmt::Debug for WorkerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerHandle").field("port", &self.port).finish_non_exhaustive()
    }
}

impl WorkerHandle {
    /// Hands a command over; the worker hears of it with the next [`WorkerHandle::flush`]. It is not lost if the worker is
    /// busy.
    pub fn send(&mut self, command: Command) {
        self.post(ToWorker::Command(command));
    }

    /// Hands a message over; the worker hears of it with the next [`WorkerHandle::flush`].
    pub(super) fn post(&mut self, message: ToWorker) {
        if let Some(outbound) = &mut self.outbound {
            outbound.send(message);
        }
    }

    /// Whom to wake who tells this worker something; `None` once it was told to stop.
    pub(super) fn waker(&self) -> Option<Arc<Waker>> {
        self.outbound.as_ref().map(Sender::waker)
    }

    /// Hands over what found the queue full earlier, and wakes the worker if there is anything for it.
    pub fn flush(&mut self) {
        log_failure(self.outbound.as_mut().map_or(Ok(()), Sender::flush));
    }

    /// Whether notices wait for the next [`WorkerHandle::drain`], of which nothing else tells.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Takes the notices that wait: as many as a turn has time for.
    pub fn drain(&mut self, mut each: impl FnMut(Notice)) {
        self.has_more = false;
        for taken in 0.. {
            if taken == TAKEN_A_TURN {
                self.has_more = true;
                return;
            }
            match self.inbound.next() {
                Ok(FromWorker::Notice(notice)) => {
                    self.health.heard();
                    each(notice);
                }
                Ok(FromWorker::Report(report)) => {
                    self.health.heard();
                    self.report = *report;
                    self.reports += 1;
                    self.newly_measured = true;
                }
                Err(Nothing::Empty) => return,
                Err(Nothing::Closed) => break,
            }
        }
        self.ended = self.outbound.is_some();
    }

    /// Asks the worker for its counters, as is done once a second anyway.
    pub fn ask(&mut self) {
        if self.health.ping() == Verdict::Ping {
            self.post(ToWorker::Ping);
        }
    }

    /// Whether the worker failed; to be called after [`WorkerHandle::drain`], at [`WorkerHandle::next_check`] or more often.
    pub(super) fn check(&mut self, now: Instant) -> Option<Failure> {
        if self.ended {
            return Some(Failure::Ended);
        }
        match self.health.look(now) {
            Verdict::Fine => None,
            Verdict::Ping => {
                self.post(ToWorker::Ping);
                None
            }
            Verdict::Stalled => Some(Failure::Stalled),
        }
    }

    /// When it is to get its next ping.
    pub(super) fn next_check(&self) -> Instant {
        self.health.next()
    }

    /// Lets go of a worker that failed: it ends by itself if it turns ever again, and has its port until then.
    pub(super) fn abandon(mut self) -> Option<JoinHandle<()>> {
        if let Some(outbound) = self.outbound.take() {
            log_failure(outbound.close());
        }
        self.thread.take()
    }

    /// For how much of the second before its last report it was busy.
    pub(super) fn share(&self) -> PerMille {
        self.report.share
    }

    /// For how much of the last second it was busy, once for each of its reports.
    pub(super) fn take_share(&mut self) -> Option<PerMille> {
        std::mem::take(&mut self.newly_measured).then_some(self.report.share)
    }

    /// What it counted when it was last heard of, and how often it was.
    #[must_use]
    pub fn report(&self) -> (&Report, u64) {
        (&self.report, self.reports)
    }

    /// The most commands that ever waited for room in the queue.
    #[must_use]
    pub fn commands_most_waiting(&self) -> usize {
        self.outbound.as_ref().map_or(0, Sender::most_waiting)
    }

    /// How often the worker was woken.
    #[must_use]
    pub fn command_wakes(&self) -> u64 {
        self.outbound.as_ref().map_or(0, Sender::wakes)
    }

    /// Commands wait for room in the queue: call [`WorkerHandle::flush`] again soon.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.outbound.as_ref().is_some_and(|outbound| outbound.backlog() > 0)
    }

    /// The port it listens on, of UDP and of TCP.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the worker and waits for its end, a second at most.
    pub fn stop(&mut self) {
        if let Some(outbound) = self.outbound.take() {
            log_failure(outbound.close());
        }
        let Some(thread) = self.thread.take() else { return };
        let by = Instant::now() + PATIENCE;
        while !thread.is_finished() {
            if Instant::now() >= by {
                log::error!("a worker does not end; it ends with the process");
                return;
            }
            std::thread::sleep(PATIENCE / 200);
        }
        if thread.join().is_err() {
            log::error!("a worker ended by a panic");
        }
    }
}

fn log_failure(woken: io::Result<()>) {
    if let Err(e) = woken {
        log::error!("a worker cannot be woken: {e}");
    }
}

/// Starts a worker at `now`, by the clock that [`WorkerHandle::check`] is told. `control` wakes the thread that drains its
/// notices.
///
/// # Errors
/// [`StartError`] if its port is taken, or the kernel refuses a socket or a thread.
pub fn spawn(now: Instant, config: &WorkerConfig, control: Arc<Waker>) -> Result<WorkerHandle, StartError> {
    let refused = |error| StartError { protocol: Protocol::Udp, port: config.port, error };
    let poll = Poll::new().map_err(refused)?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER).map_err(refused)?);
    let (outbound, worker_inbound) = queue(TO_WORKER, waker);
    let (worker_outbound, inbound) = queue(FROM_WORKER, Arc::clone(&control));
    let worker = Worker::new(config, poll, worker_inbound, worker_outbound)?;
    let (port, pin) = (worker.port(), config.pin);
    let name = format!("worker-{}", config.index);
    let thread = std::thread::Builder::new().name(name).spawn(move || {
        let last = WakesAtEnd(control);
        if let Some(core) = pin {
            stay_on(core, "this worker");
        }
        worker.run();
        drop(last);
    });
    let thread = thread.map_err(refused)?;
    Ok(WorkerHandle {
        outbound: Some(outbound),
        inbound,
        thread: Some(thread),
        ended: false,
        has_more: false,
        health: Health::new(now),
        report: Report::default(),
        reports: 0,
        newly_measured: false,
        port,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::mpsc::{Sender as Signal, channel};

    use mio::Events;

    use super::*;
    use crate::media::ids::PeerId;

    /// A waker of a thread that never looks.
    pub(in super::super) fn waker() -> Arc<Waker> {
        Arc::new(Waker::new(Poll::new().expect("poll").registry(), WAKER).expect("waker"))
    }

    /// A handle whose thread does `work` with the worker's ends of both queues. The commands' queue holds one.
    fn handle(
        work: impl FnOnce(Drain<ToWorker>, Sender<FromWorker>) + Send + 'static,
    ) -> (WorkerHandle, Poll) {
        let poll = Poll::new().expect("poll");
        let waker = Arc::new(Waker::new(poll.registry(), WAKER).expect("waker"));
        let (commands, worker_commands) = queue(1, Arc::clone(&waker));
        let (worker_notices, notices) = queue(1, Arc::clone(&waker));
        let thread = std::thread::spawn(move || {
            let last = WakesAtEnd(waker);
            work(worker_commands, worker_notices);
            drop(last);
        });
        let handle = WorkerHandle {
            outbound: Some(commands),
            inbound: notices,
            thread: Some(thread),
            ended: false,
            has_more: false,
            health: Health::new(Instant::now()),
            report: Report::default(),
            reports: 0,
            newly_measured: false,
            port: 1,
        };
        (handle, poll)
    }

    fn send_more_than_fits(handle: &mut WorkerHandle) {
        for peer in 0..5 {
            handle.send(Command::Leave { peer: PeerId(peer) });
        }
        handle.flush();
        assert!(handle.is_behind());
        assert_eq!(handle.command_wakes(), 1, "five commands are one wake-up");
    }

    #[test]
    fn a_worker_that_panics_wakes_control_and_is_known_to_have_failed() {
        let (mut handle, mut poll) = handle(|_, _| panic!("a fault of the test"));
        let mut events = Events::with_capacity(1);
        poll.poll(&mut events, Some(Duration::from_secs(10))).expect("polled");
        assert!(!events.is_empty(), "nobody would have looked");
        handle.drain(|_| {});
        assert_eq!(handle.check(Instant::now()), Some(Failure::Ended));
        handle.stop();
    }

    #[test]
    fn a_worker_with_a_full_queue_can_be_stopped() {
        let (start, started) = channel();
        let (mut handle, _poll) = handle(move |commands, _notices| {
            started.recv().expect("told to start");
            while !matches!(commands.next(), Err(Nothing::Closed)) {
                std::thread::yield_now();
            }
        });
        send_more_than_fits(&mut handle);
        let start: Signal<()> = start;
        start.send(()).expect("it listens");
        let begun = Instant::now();
        handle.stop();
        assert!(begun.elapsed() < PATIENCE, "it ended by itself");
        handle.drain(|_| {});
        assert_eq!(handle.check(Instant::now()), None, "nobody calls an end that was wanted a failure");
    }

    #[test]
    fn a_worker_that_hangs_does_not_hold_up_the_end() {
        let (finish, finished) = channel::<()>();
        let (mut handle, _poll) = handle(move |_commands, _notices| {
            let _ = finished.recv();
        });
        let begun = Instant::now();
        handle.stop();
        assert!(begun.elapsed() < PATIENCE * 2);
        drop(finish);
    }
}
