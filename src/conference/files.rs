//! Files that go through the server: who offers what to whom, whose turn it is. The bytes are the workers' ([`crate::media::files`]).

use std::collections::{BTreeMap, BTreeSet};

use super::parse::FileMessage;
use super::protocol::{FileFrame, ServerMessage};
use super::refusal::Refusal;
use super::{Conference, Now, SocketId};
use crate::ledger::ClientAddress;
use crate::limits::Limit;
use crate::media::files::FileId;
use crate::media::ids::PeerId;
use crate::media::message::Command;

/// Bytes of a file unless the operator says otherwise: what people send each other in a call, some minutes of a slow line.
pub const FILE_BYTES: u64 = 100 * 1024 * 1024;

/// Characters of a name: the longest that a file system takes is 255.
const NAME_CHARS: usize = 1_024;

/// A file that is not over.
#[derive(Debug, Clone, Copy)]
struct Transfer {
    size: u64,
    accepted: bool,
}

/// The files that are not over.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Those of one sender are together.
    transfers: BTreeMap<FileId, Transfer>,
    /// Those whose bytes are carried, and the address their sender came from.
    carried: BTreeMap<FileId, ClientAddress>,
}

impl Files {
    /// How many files are carried at present.
    pub(super) fn carried(&self) -> usize {
        self.carried.len()
    }

    /// Those that somebody sends.
    fn of(&self, from: PeerId) -> impl Iterator<Item = FileId> {
        let all = FileId { from, to: PeerId(0), id: 0 }..=FileId { from, to: PeerId(u64::MAX), id: u32::MAX };
        self.transfers.range(all).map(|(file, _)| *file)
    }

    /// The limit that keeps one more of `file`'s sender, who came from `address`, from being carried now, with its value.
    fn full(&self, file: FileId, address: ClientAddress, most: impl Fn(Limit) -> usize) -> Option<Limit> {
        let theirs = self.carried.keys().filter(|other| other.from == file.from).count();
        let from_there = self.carried.values().filter(|other| **other == address).count();
        [
            (Limit::FilesCarriedPerPeer, theirs),
            (Limit::FilesCarriedPerAddress, from_there),
            (Limit::FilesCarried, self.carried.len()),
        ]
        .into_iter()
        .find(|(limit, there)| *there >= most(*limit))
        .map(|(limit, _)| limit)
    }
}

impl Conference {
    /// `file`: something about a file, for somebody in the same room.
    pub(super) fn file(
        &mut self,
        now: Now,
        (socket, id): (SocketId, PeerId),
        bytes: usize,
        said: FileMessage,
    ) -> Result<(), Refusal> {
        self.meter_words(now, socket, bytes)?;
        let FileMessage { to, frame } = said;
        let room = |id: &PeerId| self.peers.get(id).map(|peer| peer.room);
        if to == id || room(&to).is_none_or(|at| room(&id) != Some(at)) {
            return Err(Refusal::UnknownPeer);
        }
        let ours = |number| FileId { from: id, to, id: number };
        let theirs = |number| FileId { from: to, to: id, id: number };
        match &frame {
            FileFrame::Offer { id: number, name, size } => {
                if name.chars().nth(NAME_CHARS).is_some() {
                    return Err(Refusal::LongName { most: NAME_CHARS });
                }
                self.offer_file(ours(*number), *size, frame);
            }
            FileFrame::Start { id: number } => return self.start_file(ours(*number)),
            FileFrame::Wait { .. } => return Err(Refusal::OnlyServer),
            FileFrame::Accept { id: number } => {
                let transfer = self.files.transfers.get_mut(&theirs(*number));
                if let Some(transfer) = transfer.filter(|transfer| !transfer.accepted) {
                    transfer.accepted = true;
                    self.tell_file(to, id, frame);
                }
            }
            FileFrame::Done { id: number, .. } => {
                if self.files.transfers.get(&ours(*number)).is_some_and(|transfer| transfer.accepted) {
                    self.tell_file(to, id, frame);
                }
            }
            FileFrame::Cancel { id: number, .. } => {
                if self.file_over(ours(*number)) {
                    self.tell_file(to, id, frame);
                }
            }
            FileFrame::Refuse { id: number, .. } | FileFrame::Received { id: number } => {
                if self.file_over(theirs(*number)) {
                    self.tell_file(to, id, frame);
                }
            }
        }
        Ok(())
    }

    fn offer_file(&mut self, file: FileId, size: u64, frame: FileFrame) {
        let refused = if size > self.config.file_bytes {
            Some("too-large")
        } else if self.files.of(file.from).count() >= self.config.limits.get(Limit::FilesPerPeer) {
            self.tally.hit(Limit::FilesPerPeer);
            Some("busy")
        } else if self.socket_of(file.to).is_none() {
            Some("lost")
        } else {
            None
        };
        match refused {
            Some(reason) => self.refuse_file(file, reason),
            None if self.files.transfers.contains_key(&file) => {}
            None => {
                self.files.transfers.insert(file, Transfer { size, accepted: false });
                self.tell_file(file.to, file.from, frame);
            }
        }
    }

    /// `start`: its bytes are to come, if there is place for them.
    fn start_file(&mut self, file: FileId) -> Result<(), Refusal> {
        let Some(transfer) = self.files.transfers.get(&file).copied() else { return Ok(()) };
        if !transfer.accepted {
            return Err(Refusal::EarlyStart);
        }
        if self.files.carried.contains_key(&file) {
            return Ok(());
        }
        let Some(address) = self.peers.get(&file.from).map(|peer| peer.address) else { return Ok(()) };
        if let Some(limit) = self.files.full(file, address, |limit| self.config.limits.get(limit)) {
            self.tally.hit(limit);
            self.tell_file(file.from, file.to, FileFrame::Wait { id: file.id });
            return Ok(());
        }
        self.files.carried.insert(file, address);
        self.command_for(file.from, Command::Carry { file, size: transfer.size });
        Ok(())
    }

    /// A file is over. Returns whether it was not before.
    fn file_over(&mut self, file: FileId) -> bool {
        if self.files.carried.remove(&file).is_some() {
            let workers: BTreeSet<_> = [file.from, file.to]
                .iter()
                .filter_map(|id| self.peers.get(id)?.worker)
                .filter(|worker| self.workers.is_there(*worker))
                .collect();
            for worker in workers {
                self.command(worker, Command::Carried { file });
            }
        }
        self.files.transfers.remove(&file).is_some()
    }

    /// A worker says that more came of a file than may.
    pub(super) fn file_broken(&mut self, file: FileId) {
        if self.file_over(file) {
            self.refuse_file(file, "order");
            self.cancel_file(file, "order");
        }
    }

    /// Somebody leaves, or has another connection to the server: what they sent and got is over, and the others are told.
    pub(super) fn files_lost(&mut self, id: PeerId) {
        let Some(room) = self.peers.get(&id).and_then(|peer| self.rooms.get(&peer.room)) else { return };
        let mut lost: Vec<FileId> = self.files.of(id).collect();
        let people = room.state.people().iter().copied().filter(|other| *other != id);
        lost.extend(people.flat_map(|from| self.files.of(from)).filter(|file| file.to == id));
        for file in lost {
            self.file_over(file);
            if file.from == id {
                self.cancel_file(file, "lost");
            } else {
                self.refuse_file(file, "lost");
            }
        }
    }

    /// Its sender is told that it is not taken.
    fn refuse_file(&mut self, file: FileId, reason: &str) {
        let frame = FileFrame::Refuse { id: file.id, reason: reason.to_owned() };
        self.tell_file(file.from, file.to, frame);
    }

    /// Its receiver is told that no more of it comes.
    fn cancel_file(&mut self, file: FileId, reason: &str) {
        let frame = FileFrame::Cancel { id: file.id, reason: reason.to_owned() };
        self.tell_file(file.to, file.from, frame);
    }

    fn tell_file(&mut self, to: PeerId, from: PeerId, frame: FileFrame) {
        if let Some(socket) = self.socket_of(to) {
            self.send(socket, &ServerMessage::File { from, frame }, None);
        }
    }
}
