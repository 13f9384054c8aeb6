//! The world: one simulated run, from its configuration to its record.
//!
//! [`run`] is the whole story: build the nodes, let the director's script drive them, bring what is
//! due one entry at a time until the script is done, and take the record. Everything a node can
//! touch hangs off [`World`]; nodes themselves see it only through
//! [`NodeContext`]. The director is the node with number 0; it is the
//! observer's seat, and no fault strikes it unless a plan names it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::agenda::{Agenda, Ticket};
use crate::agenda_entry::Entry;
use crate::disk::DiskProfile;
use crate::disk::file::Unsynced;
use crate::fault::injector::Injector;
use crate::network::{LinkProfiles, Network};
use crate::node::{NodeContext, NodeId};
use crate::process::Process;
use crate::random::{Lineage, Randomness, Root, Seeds, Stream};
use crate::record::finding::{Finding, FindingKind};
use crate::record::log::{LogCapture, Position};
use crate::record::trace::{EventId, Happening};
use crate::record::{Ending, Record};
use crate::recorder::Recorder;
use crate::runtime::{self, BaseClock};
use crate::scheduler::Scheduler;
use crate::steering::{Future as OtherFuture, Steering};
use crate::task::Identity;
use crate::time::SimTime;

/// Everything a run depends on besides its nodes and its plan. There is no default: who starts a
/// run states it all.
#[derive(Clone, Debug)]
pub struct WorldConfig {
    /// Where all chance comes from.
    pub seeds: Seeds,
    /// How long messages take.
    pub links: LinkProfiles,
    /// How long disks take.
    pub disk: DiskProfile,
    /// What is otherwise than the seeds say.
    pub steering: Steering,
    /// When the run is given up.
    pub bounds: Bounds,
    /// What is written down.
    pub recording: Recording,
}

/// When a run is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most agenda entries that are worked off.
    pub steps: u64,
    /// The latest simulated time.
    pub time: SimTime,
    /// The most polls within one instant before a task counts as spinning.
    pub polls_per_instant: u64,
}

/// What is written down besides history, metrics and fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Every event, for rendering and explaining.
    pub trace: bool,
    /// `tracing` events raised inside nodes.
    pub log: bool,
    /// The first bits of every named stream, to compare the draws of two runs.
    pub draws: bool,
}

/// A handle on the running world.
#[derive(Clone)]
pub struct World(Rc<Inner>);

struct Inner {
    now: Cell<SimTime>,
    step: Cell<u64>,
    agenda: RefCell<Agenda<(EventId, Entry)>>,
    random: Randomness,
    steering: Steering,
    bounds: Bounds,
    disk_profile: DiskProfile,
    network: RefCell<Network>,
    processes: RefCell<Vec<Process>>,
    names: RefCell<BTreeMap<String, NodeId>>,
    injector: RefCell<Injector>,
    recorder: RefCell<Recorder>,
    scheduler: Scheduler,
    current: RefCell<Option<Rc<Identity>>>,
    note_draws: bool,
    log: Option<LogCapture>,
}

/// The director's node.
pub const DIRECTOR: NodeId = NodeId::at(0);

/// Runs one simulation. `build` adds the nodes, installs the plan and gives the director's script;
/// the run ends when the script does, or when a bound is passed.
///
/// ```
/// use std::time::Duration;
/// use sim::disk::DiskProfile;
/// use sim::latency::Latency;
/// use sim::network::{LinkProfiles, Payload, Request};
/// use sim::random::Seeds;
/// use sim::world::{Bounds, Recording, WorldConfig};
///
/// #[derive(Debug, Hash)]
/// struct Ping;
/// #[derive(Debug, Hash)]
/// struct Pong;
/// impl Payload for Ping {}
/// impl Payload for Pong {}
/// impl Request for Ping {
///     type Response = Pong;
/// }
///
/// let millisecond = Latency::constant(Duration::from_millis(1));
/// let config = WorldConfig {
///     seeds: Seeds::derive(1),
///     links: LinkProfiles::everywhere(millisecond.clone()),
///     disk: DiskProfile { access: millisecond.clone(), sync: millisecond },
///     steering: sim::steering::Steering::NONE,
///     bounds: Bounds { steps: 1_000, time: sim::SimTime::from_millis(1_000), polls_per_instant: 1_000 },
///     recording: Recording { trace: true, log: false, draws: false },
/// };
/// let record = sim::run(config, |world| {
///     let server = world.add_node("server", |node| async move {
///         loop {
///             let ping = node.receive().await;
///             node.reply(&ping, Pong);
///         }
///     });
///     let client = world.director();
///     async move {
///         let answer = client.call(server, Ping, Duration::from_secs(1)).await;
///         assert!(answer.is_ok());
///     }
/// });
/// assert_eq!(record.simulated.millis(), 2);
/// ```
pub fn run<Script>(config: WorldConfig, build: impl FnOnce(&World) -> Script) -> Record
where
    Script: Future<Output = ()> + 'static,
{
    crate::panic::install_hook();
    let log = config.recording.log.then(LogCapture::default);
    let _capturing = log.as_ref().map(LogCapture::install);
    let schedule_seed = config.seeds.schedule;
    let world = World::new(config, log);
    let script = build(&world);
    let ending = runtime::isolated(schedule_seed, |base_clock| {
        let ending = world.drive(script, base_clock);
        world.end_all_tasks();
        ending
    });
    world.into_record(ending)
}

impl World {
    fn new(config: WorldConfig, log: Option<LogCapture>) -> World {
        let random = Randomness::new(config.seeds);
        let world = World(Rc::new(Inner {
            now: Cell::new(SimTime::START),
            step: Cell::new(0),
            agenda: RefCell::default(),
            random,
            steering: config.steering,
            bounds: config.bounds,
            disk_profile: config.disk,
            network: RefCell::new(Network::new(config.links)),
            processes: RefCell::default(),
            names: RefCell::default(),
            injector: RefCell::default(),
            recorder: RefCell::new(Recorder::new(config.recording.trace)),
            scheduler: Scheduler::new(order_seed(random)),
            current: RefCell::default(),
            note_draws: config.recording.draws,
            log,
        }));
        world.add_node("director", |_| async {});
        world
    }

    /// Adds a node; it starts when the run does. The program is called anew at each restart.
    ///
    /// # Panics
    /// When there is a node of that name already: two could not be told apart.
    pub fn add_node<Main>(
        &self,
        name: &str,
        program: impl Fn(NodeContext) -> Main + 'static,
    ) -> NodeId
    where
        Main: Future<Output = ()> + 'static,
    {
        let mut processes = self.0.processes.borrow_mut();
        let node = NodeId::at(processes.len());
        let former = self.0.names.borrow_mut().insert(name.to_owned(), node);
        assert!(former.is_none(), "node names are unique, `{name}` is taken");
        let program = Rc::new(move |context| Box::pin(program(context)) as _);
        processes.push(Process::new(name, program));
        node
    }

    /// The director's own context: it may ask nodes as a client does.
    pub fn director(&self) -> NodeContext {
        NodeContext::new(self.clone(), DIRECTOR, 0)
    }

    /// True time. Only the director may know it.
    pub fn now(&self) -> SimTime {
        self.0.now.get()
    }

    /// Changes the record: adds facts, says what is still pending.
    pub fn with_record(&self, change: impl FnOnce(&mut Recorder)) {
        change(&mut self.0.recorder.borrow_mut());
    }

    /// The loop of a run: let what is ready run until nothing can, then bring what is due next.
    fn drive(&self, script: impl Future<Output = ()> + 'static, base_clock: &BaseClock) -> Ending {
        for node in 0..self.node_count() {
            self.start(NodeId::at(node));
        }
        let script_ended = Rc::new(Cell::new(false));
        let ended = script_ended.clone();
        self.spawn(DIRECTOR, 0, Lineage::of("director"), async move {
            script.await;
            ended.set(true);
        });
        loop {
            self.run_ready_tasks();
            if script_ended.get() {
                return Ending::Finished;
            }
            let former = self.now();
            match self.take_due() {
                Ok(entry) => {
                    base_clock.advance(self.now() - former);
                    self.bring(entry);
                }
                Err(ending) => return ending,
            }
        }
    }

    /// Takes the next entry off the agenda and moves time to when it is due, or says why the run ends.
    fn take_due(&self) -> Result<Entry, Ending> {
        if self.0.step.get() >= self.0.bounds.steps {
            return Err(Ending::StepBound);
        }
        let (due, (cause, entry)) = self.pop_due().ok_or(Ending::Stalled)?;
        if due > self.0.bounds.time {
            return Err(Ending::TimeBound);
        }
        self.move_to(due);
        self.0.step.set(self.0.step.get() + 1);
        self.0.recorder.borrow_mut().set_cause(cause);
        Ok(entry)
    }

    /// The next entry that is not put off. Faults and the director are never put off: they are the
    /// experiment, not the system.
    fn pop_due(&self) -> Option<(SimTime, (EventId, Entry))> {
        let mut agenda = self.0.agenda.borrow_mut();
        if let Some(by) = self.0.steering.put_off_at(self.0.step.get()) {
            let of_the_system = |entry: &Entry| entry.node().is_some_and(|node| node != DIRECTOR);
            agenda.put_off_next(by, |(_, entry)| of_the_system(entry));
        }
        agenda.pop()
    }

    /// The chance of another future.
    fn in_future(&self, future: OtherFuture) -> Randomness {
        Randomness::new(self.0.random.seeds().in_future(future.seed))
    }

    /// Lets time pass. From the moment on at which another future begins, the order of tasks is
    /// another too.
    fn move_to(&self, due: SimTime) {
        if let Some(future) = self.0.steering.future
            && self.now() < future.from
            && due >= future.from
        {
            self.0.scheduler.reseed(order_seed(self.in_future(future)));
        }
        self.0.now.set(due);
    }

    /// Lets one due entry happen, unless its node is paused and must see it later.
    fn bring(&self, entry: Entry) {
        let entry = match entry.node() {
            Some(node) => self.with_process(node, |process| process.defer(entry)),
            None => Some(entry),
        };
        match entry {
            None => {}
            Some(Entry::Arrival(envelope)) => self.arrive(envelope),
            Some(Entry::Alarm(node, timer)) => {
                self.trace_as_cause(node, Happening::Woke);
                timer.ring();
            }
            Some(Entry::FaultBegins(fault)) => self.begin_fault(fault),
            Some(Entry::FaultEnds(fault)) => self.end_fault(fault),
            Some(Entry::Supervision(node, next)) => self.supervise(node, next),
        }
    }

    /// Starts a process that ended itself, unless a fault holds it down or it lives again already.
    fn supervise(&self, node: NodeId, next: u32) {
        if self.with_process(node, |process| process.incarnation) == next {
            self.restart_if_down(node);
        }
    }

    fn into_record(self, ending: Ending) -> Record {
        let nodes = self.node_names();
        let log = self
            .0
            .log
            .as_ref()
            .map(LogCapture::take)
            .unwrap_or_default();
        let (plan, struck) = self.0.injector.take().into_plan();
        let recorder = self.0.recorder.take();
        recorder.into_record(nodes, plan, struck, log, self.now(), ending)
    }

    // The parts below are for the devices of this crate.

    pub(crate) fn enter(&self, due: SimTime, entry: Entry) -> Ticket {
        let cause = self.0.recorder.borrow().cause();
        self.0.agenda.borrow_mut().enter(due, (cause, entry))
    }

    pub(crate) fn cancel(&self, ticket: Ticket) {
        // The entry is dropped after the borrow ends: it may hold a waker.
        let entry = self.0.agenda.borrow_mut().cancel(ticket);
        drop(entry);
    }

    pub(crate) fn trace(&self, node: NodeId, what: Happening) -> EventId {
        self.0.recorder.borrow_mut().trace(self.now(), node, what)
    }

    /// Traces what the agenda brought: whatever follows until the next entry is caused by it.
    pub(crate) fn trace_as_cause(&self, node: NodeId, what: Happening) {
        let mut recorder = self.0.recorder.borrow_mut();
        let event = recorder.trace(self.now(), node, what);
        recorder.set_cause(event);
    }

    pub(crate) fn recorder(&self) -> &RefCell<Recorder> {
        &self.0.recorder
    }

    pub(crate) fn network(&self) -> &RefCell<Network> {
        &self.0.network
    }

    pub(crate) fn injector(&self) -> &RefCell<Injector> {
        &self.0.injector
    }

    pub(crate) fn step(&self) -> u64 {
        self.0.step.get()
    }

    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.0.scheduler
    }

    pub(crate) fn disk_profile(&self) -> DiskProfile {
        self.0.disk_profile.clone()
    }

    pub(crate) fn polls_per_instant_max(&self) -> u64 {
        self.0.bounds.polls_per_instant
    }

    pub(crate) fn stream(&self, root: Root, lineage: Lineage, purpose: &'static str) -> Stream {
        let steering = &self.0.steering;
        let stream = || match steering.future {
            Some(future) if self.now() >= future.from => {
                self.in_future(future).stream(root, lineage, purpose)
            }
            _ if steering.calm => self.0.random.stream(root, lineage, purpose).calmed(),
            _ => self.0.random.stream(root, lineage, purpose),
        };
        if self.0.note_draws {
            self.0
                .recorder
                .borrow_mut()
                .note_draw(lineage, purpose, stream().bits());
        }
        stream()
    }

    pub(crate) fn with_process<T>(&self, node: NodeId, look: impl FnOnce(&mut Process) -> T) -> T {
        look(&mut self.0.processes.borrow_mut()[node.index()])
    }

    pub(crate) fn node_count(&self) -> usize {
        self.0.processes.borrow().len()
    }

    /// The names of all nodes, in order.
    pub fn node_names(&self) -> Vec<String> {
        self.0
            .processes
            .borrow()
            .iter()
            .map(|process| process.name.clone())
            .collect()
    }

    pub(crate) fn node_name(&self, node: NodeId) -> String {
        self.with_process(node, |process| process.name.clone())
    }

    pub(crate) fn find(&self, name: &str) -> Option<NodeId> {
        self.0.names.borrow().get(name).copied()
    }

    pub(crate) fn is_up(&self, node: NodeId) -> bool {
        self.with_process(node, |process| process.is_running())
    }

    pub(crate) fn machine_is_up(&self, node: NodeId) -> bool {
        self.with_process(node, |process| process.machine_is_up())
    }

    pub(crate) fn is_current(&self, node: NodeId, incarnation: u32) -> bool {
        self.with_process(node, |process| {
            process.is_running() && process.incarnation == incarnation
        })
    }

    /// Whether a life of a process is there and would answer a question now.
    pub(crate) fn answers(&self, node: NodeId, incarnation: u32) -> bool {
        self.is_current(node, incarnation)
            && !self.with_process(node, |process| process.is_paused())
    }

    // Tasks.

    pub(crate) fn current_task(&self) -> Rc<Identity> {
        self.0
            .current
            .borrow()
            .clone()
            .expect("chance and calls are used inside a task")
    }

    pub(crate) fn enter_task(&self, identity: Rc<Identity>) -> Option<Rc<Identity>> {
        if let Some(log) = &self.0.log {
            log.place(Position {
                at: self.now(),
                step: self.0.step.get(),
                node: self.node_name(identity.node),
            });
        }
        crate::panic::set_inside_task(true);
        self.0.current.replace(Some(identity))
    }

    pub(crate) fn leave_task(&self, outer: Option<Rc<Identity>>) {
        crate::panic::set_inside_task(outer.is_some());
        self.0.current.replace(outer);
    }

    /// A task panicked: a finding, unless it was the director's, whose script is part of the harness
    /// or of a test and must not fail in silence.
    pub(crate) fn task_panicked(&self, identity: &Identity) {
        let caught = crate::panic::take();
        if identity.node == DIRECTOR {
            crate::panic::set_inside_task(false);
            panic!(
                "the director's script panicked: {} ({})",
                caught.message, caught.place
            );
        }
        let message = Arc::from(caught.message.as_str());
        self.trace(identity.node, Happening::Panicked { message });
        self.find_fault_with(
            identity,
            FindingKind::Panic {
                message: caught.message,
                place: caught.place,
            },
        );
    }

    pub(crate) fn task_spins(&self, identity: &Identity, polls: u64) {
        self.find_fault_with(identity, FindingKind::Spin { polls });
    }

    /// Records what no node may do, and takes the process down as its supervisor would find it.
    fn find_fault_with(&self, identity: &Identity, what: FindingKind) {
        let finding = Finding {
            node: self.node_name(identity.node),
            at: self.now(),
            what,
        };
        self.0.recorder.borrow_mut().findings.push(finding);
        if self.is_current(identity.node, identity.incarnation) {
            self.crash(identity.node, None, Unsynced::Kept);
        }
    }

    pub(crate) fn abort(&self, node: NodeId, restart_after: Duration) {
        self.crash(node, None, Unsynced::Kept);
        let next = self.with_process(node, |process| process.incarnation);
        self.enter(self.now() + restart_after, Entry::Supervision(node, next));
    }
}

/// Where the order of tasks comes from.
fn order_seed(random: Randomness) -> u64 {
    let name = Lineage::of("scheduler");
    random.stream(Root::Schedule, name, "task order").bits()
}
