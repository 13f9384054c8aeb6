//! What the clients will do, drawn before the run from the workload seed alone.
//!
//! The script does not depend on what happens: the same workload seed gives the same intents under
//! any plan of faults, so that two runs can be compared operation by operation. An intent about an
//! asset names the registration it came from, since only the run will know the asset's name. What each
//! intent is about is drawn in [`choosing`].

mod choosing;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sim::random::{Lineage, Randomness, Root, Stream};

use self::choosing::changes;
use super::intent::Intent;
use crate::config::{ConfigError, Surge, SystemConfig, Workload};
use crate::ids::IdempotencyKey;

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// Its number over all clients, which names its cause.
    pub number: u64,
    /// Which client does it, counted from zero.
    pub client: u32,
    /// When, after the run's start; written down in nanoseconds.
    #[serde(rename = "after_ns", with = "in_nanoseconds")]
    pub after: Duration,
    /// What it is for.
    pub intent: Intent,
}

/// Who does it, when, and what it is for, in a line.
impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (client, at) = (self.client + 1, self.after.as_millis());
        write!(
            f,
            "client-{client}/{} at {at} ms {}",
            self.number, self.intent
        )
    }
}

mod in_nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use sim::time::nanos_of;

    pub fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        nanos_of(*span).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_nanos)
    }
}

/// Checks a script that was not drawn: every operation has a client, and a number of its own.
///
/// # Errors
/// The first operation that has not.
pub fn validate(script: &[Planned], workload: &Workload) -> Result<(), ConfigError> {
    let mut numbers = BTreeSet::new();
    for (position, planned) in script.iter().enumerate() {
        let refused = |key: &str, message: String| {
            Err(ConfigError {
                key: format!("operations[{position}].{key}"),
                message,
            })
        };
        if planned.client >= workload.clients {
            let (client, clients) = (planned.client, workload.clients);
            return refused(
                "client",
                format!(
                    "there is no client {client}; they are counted from 0 to {}",
                    clients - 1
                ),
            );
        }
        if !numbers.insert(planned.number) {
            let message = format!("two operations have the number {}", planned.number);
            return refused("number", message);
        }
    }
    Ok(())
}

/// Draws all operations in the order of their times.
pub fn draw(system: &SystemConfig, workload: &Workload, randomness: &Randomness) -> Vec<Planned> {
    let mut script = Script {
        system,
        workload,
        planned: Vec::new(),
        registered: Vec::new(),
    };
    let mut after = Duration::ZERO;
    let mean = Duration::from_millis(workload.every_ms);
    for number in 0..u64::from(workload.operations) {
        let cause = Lineage::of("script").child("operation", number);
        let mut stream = randomness.stream(Root::Workload, cause, "draw");
        let mean = workload
            .surge
            .map_or(mean, |surge| paced(surge, mean, after));
        after += stream.span(mean / 2, mean + mean / 2);
        script.plan(number, after, &mut stream);
    }
    script.planned.sort_by_key(|operation| operation.after);
    script.planned
}

/// The mean time until the next operation: that of a surge while it lasts.
fn paced(surge: Surge, mean: Duration, after: Duration) -> Duration {
    let span = Duration::from_millis(surge.from_ms)..Duration::from_millis(surge.until_ms);
    match span.contains(&after) {
        true => Duration::from_millis(surge.every_ms),
        false => mean,
    }
}

struct Script<'a> {
    system: &'a SystemConfig,
    workload: &'a Workload,
    planned: Vec<Planned>,
    /// The numbers of the registrations so far.
    registered: Vec<u64>,
}

impl Script<'_> {
    fn plan(&mut self, number: u64, after: Duration, stream: &mut Stream) {
        let client = stream.below(u64::from(self.workload.clients)) as u32;
        let intent = self.intent(number, client, stream);
        if let Intent::Register(_) = intent {
            self.registered.push(2 * number);
        }
        let first = Planned {
            number: 2 * number,
            client,
            after,
            intent,
        };
        if stream.chance(self.workload.double_click) {
            self.planned.push(Planned {
                number: 2 * number + 1,
                after: after + stream.span(Duration::ZERO, Duration::from_millis(300)),
                ..first.clone()
            });
        }
        self.planned.extend(self.rival(number, &first, stream));
        self.planned.push(first);
    }

    /// Somebody else who wants the same assets, renamed to something else, or edited.
    fn rival(&self, number: u64, first: &Planned, stream: &mut Stream) -> Option<Planned> {
        let of = match &first.intent {
            Intent::Rename { of, .. } => of.clone(),
            Intent::Edit { of, .. } => vec![*of],
            _ => return None,
        };
        if !stream.chance(self.workload.rival) {
            return None;
        }
        let after = first.after + stream.span(Duration::ZERO, Duration::from_millis(5));
        let key = IdempotencyKey(format!("key-{number}-rival"));
        let who = format!("the rival of {number}");
        let intent = match first.intent {
            Intent::Rename { .. } => Intent::Rename {
                key,
                of: of.into_iter().rev().collect(),
                name: format!("renamed by {who}"),
            },
            _ => Intent::Edit {
                key,
                of: of[0],
                changes: changes(&who, stream),
            },
        };
        Some(Planned {
            // Numbers beyond those of all operations are nobody else's.
            number: 2 * (u64::from(self.workload.operations) + number),
            client: (first.client + 1) % self.workload.clients,
            after,
            intent,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Mix, Timing};
    use crate::locker::trouble::HardwareConfig;
    use crate::verify::VerifyConfig;
    use sim::random::Seeds;
    use sim::ratio::Ratio;

    fn scripted_workload() -> Workload {
        Workload {
            clients: 2,
            operations: 50,
            among_latest: 4,
            mix: Mix::default(),
            reads: None,
            all_or_nothing: Ratio::NEVER,
            unknown_locker: Ratio::NEVER,
            every_ms: 100,
            surge: None,
            double_click: Ratio::NEVER,
            rival: Ratio::NEVER,
            key_reuse: Ratio::NEVER,
            attempts_max: 1,
            attempt_timeout_ms: 1_000,
        }
    }

    fn script(change: impl FnOnce(&mut Workload)) -> Vec<Planned> {
        let system = SystemConfig {
            cores: 1,
            lockers: 3,
            slots_per_locker: 8,
            timing: Timing::default(),
            hardware: HardwareConfig::default(),
            verify: VerifyConfig::default(),
            connections_per_core: 10,
            intake: None,
            redeploy_at_ms: None,
            webhooks: None,
            incoming: None,
            seal_audit_every_ms: None,
            replicas: None,
            realtime: None,
            search: None,
            conflicts: None,
            edge: None,
            cache: None,
        };
        let mut workload = scripted_workload();
        change(&mut workload);
        draw(&system, &workload, &Randomness::new(Seeds::derive(9)))
    }

    fn key(planned: &Planned) -> Option<IdempotencyKey> {
        match &planned.intent {
            Intent::Register(request) => Some(request.key.clone()),
            Intent::Rename { key, .. }
            | Intent::Verify { key, .. }
            | Intent::ReplayAll { key }
            | Intent::Edit { key, .. }
            | Intent::Notify { key, .. } => Some(key.clone()),
            Intent::Read(_)
            | Intent::ReadAt { .. }
            | Intent::Audit(_)
            | Intent::Letters { .. }
            | Intent::Search(_)
            | Intent::AuditPages(_)
            | Intent::Inbox(_)
            | Intent::Reindex => None,
        }
    }

    #[test]
    fn a_drawn_script_is_valid_and_reads_back_from_its_text() {
        let drawn = script(|workload| {
            workload.double_click = Ratio::ALWAYS;
            workload.rival = Ratio::ALWAYS;
            workload.mix.rename_pair = 3;
            workload.mix.letters = 1;
        });
        let text = serde_json::to_string(&drawn).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Planned>>(&text).unwrap(), drawn);
        let refused = |change: &dyn Fn(&mut Planned)| {
            let mut changed = drawn.clone();
            change(&mut changed[1]);
            let workload = scripted_workload();
            validate(&changed, &workload).map_err(|error| error.key)
        };
        assert_eq!(refused(&|_| ()), Ok(()));
        let (client, number) = ("operations[1].client", "operations[1].number");
        assert_eq!(refused(&|it| it.client = 2), Err(client.to_owned()));
        let twin = drawn[0].number;
        assert_eq!(refused(&|it| it.number = twin), Err(number.to_owned()));
    }

    #[test]
    fn each_request_has_a_key_of_its_own_unless_the_workload_says_otherwise() {
        let keys = |script: &[Planned]| {
            let mut keys: Vec<_> = script.iter().filter_map(key).collect();
            keys.sort_unstable();
            keys.dedup();
            keys.len()
        };
        let plain = script(|_| ());
        assert_eq!((plain.len(), keys(&plain)), (50, 50));
        let doubled = script(|workload| workload.double_click = Ratio::ALWAYS);
        assert_eq!((doubled.len(), keys(&doubled)), (100, 50));
        let reused = script(|workload| workload.key_reuse = Ratio::ALWAYS);
        assert_eq!(keys(&reused), 2, "one key per client");
        assert!(plain.windows(2).all(|pair| pair[0].after <= pair[1].after));
    }

    #[test]
    fn a_mix_is_kept_and_names_only_earlier_registrations() {
        let mix = Mix {
            rename_pair: 1,
            read: 1,
            ..Mix::default()
        };
        let script = script(|workload| workload.mix = mix);
        let mut registered = Vec::new();
        let (mut renamed, mut read) = (0, 0);
        for planned in &script {
            match &planned.intent {
                Intent::Register(_) => registered.push(planned.number),
                Intent::Rename { of, .. } => {
                    renamed += 1;
                    assert!(of.iter().all(|number| registered.contains(number)));
                }
                Intent::Read(of) => {
                    read += 1;
                    assert!(registered.contains(of));
                }
                other => panic!("{other:?} is not in the mix"),
            }
        }
        assert!(registered.len() > 5 && renamed > 5 && read > 5);
    }

    #[test]
    fn a_rival_wants_the_same_assets_in_the_opposite_order_under_a_key_and_a_number_of_its_own() {
        let script = script(|workload| {
            workload.rival = Ratio::ALWAYS;
            workload.mix.rename_pair = 3;
        });
        let renames: Vec<_> = script
            .iter()
            .filter_map(|planned| match &planned.intent {
                Intent::Rename { key, of, .. } => Some((planned.number, key.clone(), of.clone())),
                _ => None,
            })
            .collect();
        let (rivals, firsts): (Vec<_>, Vec<_>) = renames
            .iter()
            .partition(|(_, key, _)| key.0.ends_with("rival"));
        assert_eq!(rivals.len(), firsts.len());
        assert!(!firsts.is_empty());
        for (number, key, of) in firsts {
            let mut opposite = of.clone();
            opposite.reverse();
            let rival = rivals.iter().find(|it| it.1.0 == format!("{key}-rival"));
            let (of_rival, wanted, _) = rival.map(|(number, _, of)| (number, of, ())).unwrap();
            assert_eq!((wanted, of_rival == number), (&opposite, false));
        }
    }
}
