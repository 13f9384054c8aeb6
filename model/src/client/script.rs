//! What the clients will do, drawn before the run from the workload seed alone.
//!
//! The script does not depend on what happens: the same workload seed gives the same requests under
//! any plan of faults, so that two runs can be compared operation by operation.

use std::time::Duration;

use sim::random::{Lineage, Randomness, Root};

use crate::config::{SystemConfig, Workload};
use crate::core::protocol::RegisterAsset;
use crate::ids::{IdempotencyKey, LockerRef};
use crate::ledger::store::AssetContent;

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its number over all clients, which names its cause.
    pub number: u64,
    /// Which client does it, counted from zero.
    pub client: u32,
    /// When, after the run's start.
    pub after: Duration,
    /// What it asks for.
    pub request: RegisterAsset,
}

/// Draws all operations in the order of their times.
pub fn draw(system: &SystemConfig, workload: &Workload, randomness: &Randomness) -> Vec<Planned> {
    let mut planned: Vec<Planned> = Vec::new();
    let mut after = Duration::ZERO;
    let mean = Duration::from_millis(workload.every_ms);
    for number in 0..u64::from(workload.operations) {
        let cause = Lineage::of("script").child("operation", number);
        let mut stream = randomness.stream(Root::Workload, cause, "draw");
        after += stream.span(mean / 2, mean + mean / 2);
        let client = stream.below(u64::from(workload.clients)) as u32;
        let former = planned.iter().rfind(|earlier| earlier.client == client);
        let key = match former {
            Some(former) if stream.chance(workload.key_reuse) => former.request.key.clone(),
            _ => IdempotencyKey(format!("key-{number}")),
        };
        let locker = stream.below(u64::from(system.lockers)) + 1;
        let category = *stream.pick(&["tool", "vehicle", "document", "device"]);
        let first = Planned {
            number: 2 * number,
            client,
            after,
            request: RegisterAsset {
                key,
                content: AssetContent {
                    name: format!("asset {number}"),
                    category: category.to_owned(),
                    locker: LockerRef(format!("locker-{locker}")),
                },
            },
        };
        if stream.chance(workload.double_click) {
            planned.push(Planned {
                number: 2 * number + 1,
                after: after + stream.span(Duration::ZERO, Duration::from_millis(300)),
                ..first.clone()
            });
        }
        planned.push(first);
    }
    planned.sort_by_key(|operation| operation.after);
    planned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Timing;
    use sim::random::Seeds;
    use sim::ratio::Ratio;

    fn script(double_click: Ratio, key_reuse: Ratio) -> Vec<Planned> {
        let system = SystemConfig {
            cores: 1,
            lockers: 3,
            slots_per_locker: 8,
            timing: Timing::default(),
            hardware: Default::default(),
        };
        let workload = Workload {
            clients: 2,
            operations: 50,
            every_ms: 100,
            double_click,
            key_reuse,
            attempts_max: 1,
            attempt_timeout_ms: 1_000,
        };
        draw(&system, &workload, &Randomness::new(Seeds::derive(9)))
    }

    #[test]
    fn each_request_has_a_key_of_its_own_unless_the_workload_says_otherwise() {
        let keys = |script: &[Planned]| {
            let mut keys: Vec<_> = script.iter().map(|it| it.request.key.clone()).collect();
            keys.sort_unstable();
            keys.dedup();
            keys.len()
        };
        let plain = script(Ratio::NEVER, Ratio::NEVER);
        assert_eq!((plain.len(), keys(&plain)), (50, 50));
        let doubled = script(Ratio::ALWAYS, Ratio::NEVER);
        assert_eq!((doubled.len(), keys(&doubled)), (100, 50));
        assert_eq!(
            keys(&script(Ratio::NEVER, Ratio::ALWAYS)),
            2,
            "one key per client"
        );
        assert!(plain.windows(2).all(|pair| pair[0].after <= pair[1].after));
    }
}
