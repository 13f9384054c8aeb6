//! The verbs of these tests: put programs on a stage, let faults strike, read what was said.
//!
//! A [`Stage`] is a run in the making; [`Stage::play`] gives its record, [`Stage::lines`] what the
//! programs said, one line each: `21 server does 1` (milliseconds, node, words). Every latency of a
//! stage is constant, so that the times in an expected line follow from arithmetic: a message takes
//! 1 ms, a disk access 1 ms, a sync 2 ms.
//!
//! A panic inside a program becomes a finding of the run and fails no test by itself; hence programs
//! and scripts assert nothing, they *say*, and tests compare.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use sim::disk::DiskProfile;
use sim::fault::{Fault, FaultKind, Plan};
use sim::latency::Latency;
use sim::network::LinkProfiles;
use sim::random::Seeds;
use sim::record::Record;
use sim::record::trace::Happening;
use sim::steering::Steering;
use sim::world::{Bounds, Recording, World, WorldConfig};
use sim::{NodeContext, SimTime};

/// A program's run, or a script's.
pub type Act = Pin<Box<dyn Future<Output = ()>>>;

/// What a node does, called anew at each of its starts.
pub type Program = Rc<dyn Fn(NodeContext) -> Act>;

/// What the director does; the run ends when it does.
pub type Script = Box<dyn FnOnce(World, NodeContext) -> Act>;

/// A run in the making.
pub struct Stage {
    /// Seeds, latencies, bounds and what is recorded; free to change.
    pub config: WorldConfig,
    cast: Vec<(&'static str, Program)>,
    plan: Vec<Fault>,
    script: Script,
}

/// A span of whole milliseconds.
pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Makes a program of an async closure.
pub fn program<Main>(body: impl Fn(NodeContext) -> Main + 'static) -> Program
where
    Main: Future<Output = ()> + 'static,
{
    Rc::new(move |node| Box::pin(body(node)))
}

/// Leaves a line for the test.
pub fn say(node: &NodeContext, words: impl Into<String>) {
    node.note("says", words.into().into());
}

/// A fault during a window of milliseconds.
pub fn during(what: FaultKind, place: &str, from_ms: u64, until_ms: u64) -> Fault {
    Fault::during(what, place, from_ms, until_ms).expect("the place reads well")
}

/// A fault at the nth passing of a point, for some milliseconds.
pub fn at_point(what: FaultKind, place: &str, point: &str, nth: u32, lasts_ms: u64) -> Fault {
    Fault::at(what, place, point, nth, lasts_ms).expect("the place reads well")
}

impl Stage {
    /// A stage with these nodes, on which the run lasts 100 ms and nothing goes wrong.
    pub fn new(cast: impl IntoIterator<Item = (&'static str, Program)>) -> Stage {
        let config = WorldConfig {
            seeds: Seeds::derive(1),
            links: LinkProfiles::everywhere(Latency::constant(ms(1))),
            disk: DiskProfile {
                access: Latency::constant(ms(1)),
                sync: Latency::constant(ms(2)),
            },
            steering: Steering::NONE,
            bounds: Bounds {
                steps: 100_000,
                time: SimTime::from_millis(100_000),
                polls_per_instant: 10_000,
            },
            recording: Recording {
                trace: true,
                log: false,
                draws: false,
            },
        };
        Stage {
            config,
            cast: cast.into_iter().collect(),
            plan: Vec::new(),
            script: Box::new(|_, director| Box::pin(async move { director.sleep(ms(100)).await })),
        }
    }

    /// Adds faults to the plan.
    pub fn with(mut self, faults: impl IntoIterator<Item = Fault>) -> Stage {
        self.plan.extend(faults);
        self
    }

    /// Lets the run last this long.
    pub fn lasting(self, millis: u64) -> Stage {
        self.directed(move |_, director| async move { director.sleep(ms(millis)).await })
    }

    /// Gives the director a script.
    pub fn directed<Main>(
        mut self,
        script: impl FnOnce(World, NodeContext) -> Main + 'static,
    ) -> Stage
    where
        Main: Future<Output = ()> + 'static,
    {
        self.script = Box::new(|world, director| Box::pin(script(world, director)));
        self
    }

    /// Changes the configuration.
    pub fn configured(mut self, change: impl FnOnce(&mut WorldConfig)) -> Stage {
        change(&mut self.config);
        self
    }

    /// Runs it.
    pub fn play(self) -> Record {
        let Stage {
            config,
            cast,
            plan,
            script,
        } = self;
        sim::run(config, |world| {
            for (name, program) in cast {
                world.add_node(name, move |node| program(node));
            }
            let plan = Plan { faults: plan };
            let points: Vec<&str> = plan
                .faults
                .iter()
                .flat_map(|fault| fault.at_point.as_deref())
                .collect();
            plan.validate(&world.node_names(), &points)
                .expect("a test's plan is legal");
            world.install(plan);
            script(world.clone(), world.director())
        })
    }

    /// Runs it and gives what was said.
    pub fn lines(self) -> Vec<String> {
        said(&self.play())
    }
}

/// What the programs of a run said, in order: milliseconds, node, words.
pub fn said(record: &Record) -> Vec<String> {
    let events = record.trace.events().iter();
    let lines = events.filter_map(|event| match &event.what {
        Happening::Noted {
            name: "says",
            detail,
        } => Some(format!(
            "{} {} {detail}",
            event.at.millis(),
            record.node_name(event.node)
        )),
        _ => None,
    });
    lines.collect()
}

/// The said lines of one node, without its name.
pub fn said_by(record: &Record, node: &str) -> Vec<String> {
    let lines = said(record);
    let own = lines.iter().filter_map(|line| {
        let (at, rest) = line.split_once(' ')?;
        Some(format!("{at}{}", rest.strip_prefix(node)?))
    });
    own.collect()
}

/// What happened to anything, in the world's own words, one line for each event that fits.
pub fn happenings(record: &Record, fits: impl Fn(&Happening) -> bool) -> Vec<String> {
    let events = record.trace.events().iter();
    let fitting = events.filter(|event| fits(&event.what)).map(|event| {
        let node = record.node_name(event.node);
        format!("{} {node} {}", event.at.millis(), event.what)
    });
    fitting.collect()
}

/// Compares said lines, showing both sides whole.
#[track_caller]
pub fn expect_lines(found: &[String], expected: &[&str], about: &str) {
    assert!(
        found == expected,
        "{about}\nexpected:\n  {}\nfound:\n  {}\n",
        expected.join("\n  "),
        found.join("\n  ")
    );
}
