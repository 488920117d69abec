//! The log, written by a thread of its own: whoever logs never waits for whoever reads.
//!
//! What is logged goes into a buffer of [`MOST_BYTES`]; the thread writes it to standard error. A line for which there is
//! no room is dropped and counted, and the log says so once there is room again.

mod format;

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub use format::{LogFormat, log_from, log_more, start};

/// Bytes that wait to be written. Ten thousand lines; a reader that is a moment late loses none of them.
const MOST_BYTES: usize = 1024 * 1024;

/// How long the beginning and the end of the process wait for their lines to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How soon a pipe that takes nothing, and does not block either, is tried again.
const RETRY: Duration = Duration::from_millis(20);

crate::metrics! {
    /// What became of the log.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct JournalCounters as "log" {
        /// Lines that were logged and had room.
        pub lines: u64,
        /// Lines that were dropped because whoever reads the log is too slow.
        pub dropped_lines: u64,
    }
}

/// The buffer of the log of this process, once there is one.
static JOURNAL: OnceLock<Arc<Shared>> = OnceLock::new();

/// What the log of this process counted so far.
#[must_use]
pub fn counters() -> JournalCounters {
    JOURNAL.get().map(|shared| shared.state().counters).unwrap_or_default()
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Something is to be written.
    filled: Condvar,
    /// Everything is written.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    is_writing: bool,
    /// Dropped since the log said so last.
    untold: u64,
    counters: JournalCounters,
}

impl Shared {
    /// A thread that panicked while it had the lock left nothing half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let mut state = self.state();
        if state.waiting.len() + line.len() > MOST_BYTES {
            state.counters.dropped_lines += 1;
            state.untold += 1;
            return;
        }
        state.counters.lines += 1;
        state.waiting.extend_from_slice(line);
        drop(state);
        self.filled.notify_one();
    }

    /// Writes what comes, for ever.
    fn write_to(&self, target: &mut impl Write) {
        let mut batch = Vec::new();
        loop {
            let mut state = self.state();
            state.is_writing = false;
            while state.waiting.is_empty() {
                self.emptied.notify_all();
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut batch, &mut state.waiting);
            let untold = std::mem::take(&mut state.untold);
            state.is_writing = true;
            drop(state);
            if untold > 0 {
                let note =
                    format!("plenary: {untold} lines of the log were dropped: nobody read it for a while\n");
                batch.extend_from_slice(note.as_bytes());
            }
            write_all(target, &batch);
            batch.clear();
        }
    }

    fn wait_until_written(&self, by: Instant) {
        let mut state = self.state();
        while state.is_writing || !state.waiting.is_empty() {
            let left = by.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.emptied.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Writes all of it, whatever it takes. What nobody can ever read is nobody's loss.
fn write_all(target: &mut impl Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match target.write(bytes) {
            Ok(0) => return,
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(RETRY),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// The log of the process. When it is dropped, what was logged is on its way: also at the end of a thread that panics.
#[derive(Debug)]
pub struct Journal(Arc<Shared>);

impl Journal {
    /// Starts the thread that writes to standard error.
    ///
    /// # Errors
    /// [`io::Error`] if the system gives no thread.
    pub fn start() -> io::Result<Journal> {
        let shared = Arc::<Shared>::default();
        let writer = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writer.write_to(&mut io::stderr()))?;
        let _ = JOURNAL.set(Arc::clone(&shared));
        Ok(Journal(shared))
    }

    /// Where lines go: each write is one.
    #[must_use]
    pub fn lines(&self) -> impl Write + Send + 'static {
        Lines(Arc::clone(&self.0))
    }

    /// Waits until everything is written; a second at most, in case nobody reads it.
    pub fn flush(&self) {
        self.0.wait_until_written(Instant::now() + LAST_WORDS);
    }

    /// Writes a line as it is.
    pub fn say(&self, line: &str) {
        self.0.push(format!("{line}\n").as_bytes());
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.flush();
    }
}

struct Lines(Arc<Shared>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// A pipe that holds one write.
    struct Pipe(SyncSender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(|_| ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn journal() -> (Journal, Receiver<Vec<u8>>) {
        let (pipe, reader) = sync_channel(0);
        let shared = Arc::<Shared>::default();
        let writer = Arc::clone(&shared);
        std::thread::spawn(move || writer.write_to(&mut Pipe(pipe)));
        (Journal(shared), reader)
    }

    #[test]
    fn what_has_no_room_is_dropped_counted_and_told_and_nobody_waits() {
        let (journal, reader) = journal();
        let line = "x".repeat(MOST_BYTES / 4 - 1);
        let begun = Instant::now();
        for _ in 0..20 {
            journal.say(&line);
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "nobody reads, and nobody waits for it");
        let JournalCounters { lines, dropped_lines } = journal.0.state().counters;
        assert!(dropped_lines >= 11 && lines + dropped_lines == 20, "{lines} and {dropped_lines}");
        // The thread may take what waits before all was said: then it tells of what was dropped in two notes.
        let mut text = String::new();
        let told = |text: &str| -> u64 {
            let notes = text.lines().filter_map(|known| known.strip_prefix("plenary: ")?.split(' ').next());
            notes.filter_map(|count| count.parse::<u64>().ok()).sum()
        };
        let written = |text: &str| text.lines().filter(|known| *known == line).count() as u64;
        while told(&text) < dropped_lines || written(&text) < lines {
            let read = reader.recv_timeout(Duration::from_secs(10)).expect("the log goes on");
            text.push_str(std::str::from_utf8(&read).expect("text"));
        }
        assert_eq!((told(&text), written(&text)), (dropped_lines, lines));
    }

    #[test]
    fn the_end_waits_for_the_last_line_also_in_a_panic_and_not_for_ever() {
        let (journal, reader) = journal();
        let reading = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            (reader.recv().expect("the line"), reader)
        });
        let panicked = std::thread::spawn(move || {
            journal.say("the last line");
            panic!("a fault of the test");
        });
        assert!(panicked.join().is_err());
        let (line, _reader) = reading.join().expect("read");
        assert_eq!(line, b"the last line\n");
        let (journal, _unread) = self::journal();
        journal.say("nobody reads this");
        let begun = Instant::now();
        drop(journal);
        assert!(begun.elapsed() < LAST_WORDS * 5);
    }
}
