//! Processes: start, crash, restart, pause, resume and slow.
//!
//! A node is a machine with one process. A crash ends all its tasks and loses its memory; its disk
//! stays. Each start is a new *incarnation*, and handles of an earlier one are inert: `Drop` code of
//! a dead process sends and writes nothing, as after a real kill.
//!
//! A pause stops a node from seeing anything: what is due at it waits and is worked off in order
//! when it resumes, as a stopped process finds its sockets filled and its timers long past.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use crate::agenda_entry::Entry;
use crate::clock::Clock;
use crate::disk::file::{Disk, Unsynced};
use crate::network::Mailbox;
use crate::node::{NodeContext, NodeId};
use crate::random::{Lineage, Root};
use crate::record::trace::Happening;
use crate::task::{Identity, TaskCell};
use crate::world::World;

/// A node's program: called anew at each start.
pub(crate) type Program = Rc<dyn Fn(NodeContext) -> Pin<Box<dyn Future<Output = ()>>>>;

/// A node's machine and process.
pub(crate) struct Process {
    pub(crate) name: String,
    program: Program,
    pub(crate) incarnation: u32,
    running: bool,
    /// Faults that keep the process down; it restarts when the last one ends.
    down: BTreeSet<u32>,
    /// Those of them that keep the whole machine down: it answers nothing.
    machine_down: BTreeSet<u32>,
    paused: BTreeSet<u32>,
    /// What was due while paused.
    deferred: VecDeque<Entry>,
    /// Work takes this many times as long, by fault.
    pub(crate) slow: Vec<(u32, u32)>,
    pub(crate) mailbox: Mailbox,
    pub(crate) disk: Disk,
    pub(crate) clock: Clock,
    tasks: Vec<Rc<TaskCell>>,
    /// Polls within one step of the agenda: which step, and how many.
    polls: (u64, u64),
}

impl Process {
    pub(crate) fn new(name: &str, program: Program) -> Process {
        Process {
            name: name.to_owned(),
            program,
            incarnation: 0,
            running: false,
            down: BTreeSet::new(),
            machine_down: BTreeSet::new(),
            paused: BTreeSet::new(),
            deferred: VecDeque::new(),
            slow: Vec::new(),
            mailbox: Mailbox::default(),
            disk: Disk::default(),
            clock: Clock::default(),
            tasks: Vec::new(),
            polls: (0, 0),
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running
    }

    pub(crate) fn is_paused(&self) -> bool {
        !self.paused.is_empty()
    }

    pub(crate) fn machine_is_up(&self) -> bool {
        self.machine_down.is_empty()
    }

    /// How often this node was polled since the agenda last brought something, this time included.
    pub(crate) fn count_poll(&mut self, step: u64) -> u64 {
        if self.polls.0 != step {
            self.polls = (step, 0);
        }
        self.polls.1 += 1;
        self.polls.1
    }

    /// Takes what is due at a paused process; gives it back when the process runs.
    pub(crate) fn defer(&mut self, entry: Entry) -> Option<Entry> {
        if self.paused.is_empty() || !self.running {
            return Some(entry);
        }
        self.deferred.push_back(entry);
        None
    }
}

impl World {
    /// Starts the node's process, or its next incarnation.
    pub(crate) fn start(&self, node: NodeId) {
        let (program, incarnation) = self.with_process(node, |process| {
            process.running = true;
            (process.program.clone(), process.incarnation)
        });
        self.trace(node, Happening::Started { incarnation });
        let context = NodeContext::new(self.clone(), node, incarnation);
        let lineage = Lineage::of(&self.node_name(node)).child("start", u64::from(incarnation));
        self.spawn(node, incarnation, lineage, program(context));
    }

    /// Adds a task to a process.
    pub(crate) fn spawn(
        &self,
        node: NodeId,
        incarnation: u32,
        lineage: Lineage,
        body: impl Future<Output = ()> + 'static,
    ) {
        if !self.is_current(node, incarnation) {
            return;
        }
        let identity = Identity::new(node, incarnation, lineage);
        let task = self.scheduler().add(lineage, |signal, waker| {
            TaskCell::new(identity, body, signal, waker)
        });
        self.with_process(node, |process| {
            // Finished tasks are swept now and then, so that the list stays as long as the live ones.
            if process.tasks.len() == process.tasks.capacity() {
                process.tasks.retain(|task| !task.is_finished());
            }
            process.tasks.push(task);
        });
    }

    /// Takes a process down on behalf of a fault (or of a bug, which no fault ends).
    pub(crate) fn crash(&self, node: NodeId, fault: Option<u32>, unsynced: Unsynced) {
        let machine_survives = unsynced == Unsynced::Kept;
        let was_running = self.with_process(node, |process| {
            if let Some(fault) = fault {
                process.down.insert(fault);
                if !machine_survives {
                    process.machine_down.insert(fault);
                }
            }
            std::mem::replace(&mut process.running, false)
        });
        if !was_running {
            return;
        }
        let unsynced_name = unsynced.name();
        self.trace(
            node,
            Happening::Crashed {
                unsynced: unsynced_name,
            },
        );
        // Named by the fault and the node, not by time: what else goes on must not tear it elsewhere.
        let cause = fault.map_or(Lineage::of("crash"), |fault| self.fault_lineage(fault));
        let cause = cause.child(&self.node_name(node), 0);
        let mut stream = self.stream(Root::Plan, cause, "tear");
        let (tasks, leftovers) = self.with_process(node, |process| {
            process.incarnation += 1;
            process.disk.crash(unsynced, &mut stream);
            let mailbox = std::mem::take(&mut process.mailbox);
            let deferred = std::mem::take(&mut process.deferred);
            (std::mem::take(&mut process.tasks), (mailbox, deferred))
        });
        // Futures are dropped while no part of the world is borrowed: `Drop` code may call back in.
        for task in tasks {
            self.finish(&task);
        }
        // What a paused process had not yet seen was accepted by its machine all the same.
        for entry in &leftovers.1 {
            if let Entry::Arrival(envelope) = entry {
                self.take_in_hand(envelope);
            }
        }
        drop(leftovers);
        self.hang_up(node, machine_survives);
    }

    /// A fault no longer keeps the process down.
    pub(crate) fn let_up(&self, node: NodeId, fault: u32) {
        let starts = self.with_process(node, |process| {
            let was_down = process.down.remove(&fault);
            process.machine_down.remove(&fault);
            was_down && process.down.is_empty() && !process.running
        });
        if starts {
            self.start(node);
        }
    }

    pub(crate) fn pause(&self, node: NodeId, fault: u32) {
        let first = self.with_process(node, |process| {
            process.paused.insert(fault);
            process.paused.len() == 1 && process.running
        });
        if first {
            self.trace(node, Happening::Paused);
        }
    }

    /// A fault no longer pauses the process; when none does, what was due meanwhile is due now.
    pub(crate) fn resume(&self, node: NodeId, fault: u32) {
        let deferred = self.with_process(node, |process| {
            if !process.paused.remove(&fault) || !process.paused.is_empty() {
                return None;
            }
            process
                .running
                .then(|| std::mem::take(&mut process.deferred))
        });
        if let Some(deferred) = deferred {
            self.trace(node, Happening::Resumed);
            for entry in deferred {
                self.enter(self.now(), entry);
            }
        }
    }

    /// Ends every task of every node, so that nothing keeps the world alive. All processes are dead
    /// before the first future is dropped: `Drop` code must add nothing to a record that is complete.
    pub(crate) fn end_all_tasks(&self) {
        let nodes = || (0..self.node_count()).map(NodeId::at);
        for node in nodes() {
            self.with_process(node, |process| process.running = false);
        }
        for node in nodes() {
            let tasks = self.with_process(node, |process| std::mem::take(&mut process.tasks));
            for task in tasks {
                self.finish(&task);
            }
        }
    }
}
