//! A world in which nothing takes time but what a test says.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use sim::SimTime;
use sim::disk::DiskProfile;
use sim::latency::Latency;
use sim::network::LinkProfiles;
use sim::random::Seeds;
use sim::record::Record;
use sim::world::{Bounds, Recording, World, WorldConfig};

/// A world whose messages take this long.
pub fn world(seed: u64, link: Latency) -> WorldConfig {
    let moment = || Latency::constant(Duration::from_micros(1));
    WorldConfig {
        seeds: Seeds::derive(seed),
        links: LinkProfiles::everywhere(link),
        disk: DiskProfile {
            access: moment(),
            sync: moment(),
        },
        bounds: Bounds {
            steps: u64::MAX,
            time: SimTime::from_millis(1_000_000_000_000),
            polls_per_instant: 1_000_000,
        },
        recording: Recording {
            trace: false,
            log: false,
            draws: false,
        },
        steering: sim::steering::Steering::NONE,
    }
}

/// Latencies of a microsecond.
pub fn moments() -> Latency {
    Latency::constant(Duration::from_micros(1))
}

/// Runs a world until somebody says that it is over, and sees that nothing went wrong in it.
pub fn run_until(config: WorldConfig, over: Rc<Cell<bool>>, build: impl FnOnce(&World)) -> Record {
    let record = sim::run(config, move |world| {
        build(world);
        let director = world.director();
        async move {
            while !over.get() {
                director.sleep(Duration::from_secs(1)).await;
            }
        }
    });
    assert!(record.findings.is_empty(), "{:?}", record.findings);
    record
}

/// Seconds.
pub fn seconds(span: Duration) -> f64 {
    span.as_secs_f64()
}
