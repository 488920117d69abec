//! A bounded queue between two threads that loses nothing: what does not fit waits on the sender's side.
//!
//! One thread sends values, the other drains them when its `mio::Waker` fires. It fires once for all that was sent since the
//! last [`Sender::flush`], at the end of the sender's turn: each time is a system call here and a wake-up there. Used for
//! commands (control to worker) and notices (worker to control). What waits on the sender's side is bounded by the rates of both: a person may say 50
//! messages a second, and a worker that does not read is given up after 3 s together with its queue; notices come of
//! commands, and of changes of what a person sees or whether they are heard, which take seconds each.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};

use mio::Waker;

/// The sending end.
#[derive(Debug)]
pub struct Sender<T> {
    channel: SyncSender<T>,
    backlog: VecDeque<T>,
    waker: Arc<Waker>,
    /// Something is in flight of which the receiver was not told.
    untold: bool,
    most_waiting: usize,
    wakes: u64,
}

/// The receiving end.
#[derive(Debug)]
pub struct Drain<T> {
    channel: Receiver<T>,
    /// Its owner must live as long as the thread it wakes: a waker that is dropped takes back a wake that was not seen yet.
    _waker: Arc<Waker>,
}

/// A queue of at most `capacity` values in flight. `waker` wakes the receiving thread.
#[must_use]
pub fn queue<T>(capacity: usize, waker: Arc<Waker>) -> (Sender<T>, Drain<T>) {
    let (sender, receiver) = sync_channel(capacity);
    let drain = Drain { channel: receiver, _waker: Arc::clone(&waker) };
    (
        Sender { channel: sender, backlog: VecDeque::new(), waker, untold: false, most_waiting: 0, wakes: 0 },
        drain,
    )
}

impl<T> Sender<T> {
    /// Sends `value`; the receiver is told with the next [`Sender::flush`].
    pub fn send(&mut self, value: T) {
        self.backlog.push_back(value);
        self.fill();
    }

    /// Sends what waited for room, and wakes the receiver if anything was sent since the last call.
    ///
    /// # Errors
    /// If the receiving thread cannot be woken.
    pub fn flush(&mut self) -> io::Result<()> {
        self.fill();
        if !std::mem::take(&mut self.untold) {
            return Ok(());
        }
        self.wakes += 1;
        self.waker.wake()
    }

    /// Of what waits for room, takes out the oldest that `may_go` until no more than `most` wait. Nothing is allocated if none has to.
    pub fn take_oldest(&mut self, most: usize, may_go: impl Fn(&T) -> bool) -> Vec<T> {
        let mut surplus = self.backlog.len().saturating_sub(most);
        if surplus == 0 {
            return Vec::new();
        }
        let mut gone = Vec::new();
        for value in std::mem::take(&mut self.backlog) {
            if surplus > 0 && may_go(&value) {
                surplus -= 1;
                gone.push(value);
            } else {
                self.backlog.push_back(value);
            }
        }
        gone
    }

    /// Whom it wakes.
    #[must_use]
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Moves what there is room for.
    fn fill(&mut self) {
        while let Some(value) = self.backlog.pop_front() {
            match self.channel.try_send(value) {
                Ok(()) => self.untold = true,
                Err(TrySendError::Full(value)) => {
                    self.backlog.push_front(value);
                    break;
                }
                Err(TrySendError::Disconnected(_)) => self.backlog.clear(),
            }
        }
        self.most_waiting = self.most_waiting.max(self.backlog.len());
    }

    /// Ends the queue: the other side gets what is in flight and then [`Nothing::Closed`]. What still waits for room is
    /// dropped, so a full queue delays nothing.
    ///
    /// # Errors
    /// If the receiving thread cannot be woken.
    pub fn close(self) -> io::Result<()> {
        let Sender { channel, waker, .. } = self;
        drop(channel);
        waker.wake()
    }

    /// Values that wait for room. While there are any, call [`Sender::flush`] again soon.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.backlog.len()
    }

    /// How often the receiver was woken.
    #[must_use]
    pub fn wakes(&self) -> u64 {
        self.wakes
    }

    /// The most values that ever waited for room.
    #[must_use]
    pub fn most_waiting(&self) -> usize {
        self.most_waiting
    }
}

/// Why nothing came out of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nothing {
    /// Nothing waits.
    Empty,
    /// Nothing will ever come: the sender is gone.
    Closed,
}

impl<T> Drain<T> {
    /// The next value.
    ///
    /// # Errors
    /// [`Nothing`] says why there is none.
    pub fn next(&self) -> Result<T, Nothing> {
        self.channel.try_recv().map_err(|e| match e {
            TryRecvError::Empty => Nothing::Empty,
            TryRecvError::Disconnected => Nothing::Closed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_waits_in_order_and_a_full_queue_can_be_closed() {
        let poll = mio::Poll::new().expect("poll");
        let waker = Arc::new(Waker::new(poll.registry(), mio::Token(0)).expect("waker"));
        let (mut sender, drain) = queue(2, waker);
        for n in 0..5 {
            sender.send(n);
        }
        assert_eq!(sender.backlog(), 3);
        let mut got = Vec::new();
        while got.len() < 5 {
            while let Ok(n) = drain.next() {
                got.push(n);
            }
            sender.flush().expect("flushed");
        }
        assert_eq!(got, [0, 1, 2, 3, 4]);
        assert_eq!(drain.next(), Err(Nothing::Empty));
        for n in 0..5 {
            sender.send(n);
        }
        sender.close().expect("closed");
        assert_eq!((drain.next(), drain.next(), drain.next()), (Ok(0), Ok(1), Err(Nothing::Closed)));
    }

    #[test]
    fn of_what_waits_the_oldest_that_may_go_goes_first_and_what_may_not_stays() {
        let poll = mio::Poll::new().expect("poll");
        let waker = Arc::new(Waker::new(poll.registry(), mio::Token(0)).expect("waker"));
        let (mut sender, drain) = queue(1, waker);
        for n in 0..10 {
            sender.send(n);
        }
        let is_media = |n: &i32| n % 2 == 1;
        assert_eq!(sender.take_oldest(9, is_media), [0; 0], "one is in flight and nine wait");
        assert_eq!(sender.take_oldest(7, is_media), [1, 3]);
        assert_eq!(sender.take_oldest(0, is_media), [5, 7, 9], "no more than there are");
        let mut got = Vec::new();
        while sender.backlog() > 0 {
            got.extend(drain.next());
            sender.flush().expect("flushed");
        }
        got.extend(drain.next());
        assert_eq!(got, [0, 2, 4, 6, 8], "nothing else got lost, and the order is as it was");
    }

    #[test]
    fn a_turn_wakes_the_other_thread_once_whatever_was_sent_in_it() {
        let poll = mio::Poll::new().expect("poll");
        let waker = Arc::new(Waker::new(poll.registry(), mio::Token(0)).expect("waker"));
        let (mut sender, drain) = queue(3, waker);
        for n in 0..5 {
            sender.send(n);
        }
        sender.flush().expect("flushed");
        assert_eq!((sender.wakes(), sender.backlog()), (1, 2), "what waits for room is nobody's to hear of");
        sender.flush().expect("flushed");
        assert_eq!(sender.wakes(), 1, "nothing new is there");
        assert_eq!(drain.next(), Ok(0));
        sender.flush().expect("flushed");
        assert_eq!((sender.wakes(), sender.backlog()), (2, 1), "there was room for one more");
    }

    #[test]
    fn the_end_of_a_queue_wakes_a_thread_that_looks_later() {
        let mut poll = mio::Poll::new().expect("poll");
        let waker = Arc::new(Waker::new(poll.registry(), mio::Token(0)).expect("waker"));
        let (sender, drain) = queue::<u8>(1, waker);
        sender.close().expect("closed");
        let mut events = mio::Events::with_capacity(1);
        poll.poll(&mut events, Some(std::time::Duration::from_secs(5))).expect("polled");
        assert_eq!(events.iter().count(), 1);
        assert_eq!(drain.next(), Err(Nothing::Closed));
    }
}
