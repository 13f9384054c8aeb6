//! What a seed hides: the causes, the decoys, the changes that were made lately, and when it began.

use std::time::Duration;

use sim::SimTime;

use super::cause::{Cause, CauseKind};
use super::chance::Chance;

/// Connections that must be taken away for the figures of the incident.
pub const SLOTS: u32 = 51;

/// Of these, what a contributing cause takes when there is one.
const CONTRIBUTING_SLOTS: u32 = 2;

/// How many things of a kind there are, such as endpoints.
pub const TARGETS: u16 = 12;

/// A change somebody made lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name, for taking it back.
    pub name: String,
    /// How long before the trouble began it was made.
    pub before: Duration,
    /// What it says of itself.
    pub text: String,
}

/// Something that looks suspicious and is not it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoy {
    /// What it would be.
    pub kind: CauseKind,
    /// Of which thing.
    pub target: u16,
}

impl Decoy {
    /// The thing that looks suspicious.
    pub fn parameter(&self) -> String {
        format!("{}{}", self.kind.description().target, self.target)
    }
}

/// An incident to be.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its seed.
    pub seed: u64,
    /// The causes, the primary one first; none in a healthy case.
    pub causes: Vec<Cause>,
    /// What looks suspicious and is not it.
    pub decoys: Vec<Decoy>,
    /// What was changed lately.
    pub changes: Vec<Change>,
    /// When the trouble begins.
    pub trigger: SimTime,
}

impl Case {
    /// The case of a seed.
    pub fn of_seed(seed: u64) -> Case {
        let kinds = CauseKind::ALL;
        let drawn = Chance::of_seed(seed).below("primary", 0, kinds.len() as u64);
        Case::with_primary(seed, kinds[drawn as usize])
    }

    /// The case of a seed with this primary cause.
    pub fn with_primary(seed: u64, primary: CauseKind) -> Case {
        let chance = Chance::of_seed(seed);
        let mut kinds: Vec<CauseKind> = CauseKind::ALL
            .into_iter()
            .filter(|kind| *kind != primary)
            .collect();
        for last in (1..kinds.len()).rev() {
            kinds.swap(
                last,
                chance.below("order", last as u64, last as u64 + 1) as usize,
            );
        }
        let target = |kind: CauseKind| 1 + chance.below("target", kind as u64, 12) as u16;
        let cause = |kind, slots| Cause {
            kind,
            target: target(kind),
            slots,
        };
        let mut causes = vec![cause(primary, SLOTS)];
        // A storm lives from many who ask; two of them make none.
        let second = kinds
            .iter()
            .position(|kind| *kind != CauseKind::EvidenceRetryStorm);
        if let Some(second) = second.filter(|_| chance.below("contributing", 0, 2) == 0) {
            causes[0].slots -= CONTRIBUTING_SLOTS;
            causes.push(cause(kinds.remove(second), CONTRIBUTING_SLOTS));
        }
        let decoys: Vec<Decoy> = kinds
            .iter()
            .take(3)
            .map(|kind| Decoy {
                kind: *kind,
                target: target(*kind),
            })
            .collect();
        let jitter = Duration::from_secs(chance.below("trigger", 0, 120));
        Case {
            seed,
            changes: changes(chance, &causes, &decoys),
            causes,
            decoys,
            trigger: SimTime::START + Duration::from_secs(300) + jitter,
        }
    }

    /// The same without any cause.
    #[must_use]
    pub fn healthy(&self) -> Case {
        Case {
            causes: Vec::new(),
            ..self.clone()
        }
    }

    /// The same without causes of this kind at this thing; and whether there was one.
    #[must_use]
    pub fn without(&self, kind: CauseKind, parameter: &str) -> (Case, bool) {
        let named = |cause: &Cause| cause.kind == kind && cause.parameter() == parameter;
        let mut case = self.clone();
        case.causes.retain(|cause| !named(cause));
        let removed = case.causes.len() < self.causes.len();
        (case, removed)
    }

    /// A healthy case with this cause only.
    #[must_use]
    pub fn with_only(&self, cause: Cause) -> Case {
        Case {
            causes: vec![cause],
            ..self.clone()
        }
    }

    /// The primary cause.
    pub fn primary(&self) -> Option<Cause> {
        self.causes.first().copied()
    }
}

/// The changes that are on record: those that brought a cause, those that look as if, and an innocent one.
fn changes(chance: Chance, causes: &[Cause], decoys: &[Decoy]) -> Vec<Change> {
    let causes = causes.iter().map(|cause| (cause.kind, cause.parameter()));
    let decoys = decoys.iter().map(|decoy| (decoy.kind, decoy.parameter()));
    let mut changes: Vec<Change> = causes
        .chain(decoys)
        .filter_map(|(kind, parameter)| {
            let text = match kind {
                CauseKind::SlowStatement => format!("{parameter}: notification table rebuilt"),
                CauseKind::ShrunkPool => {
                    format!("{parameter}: pool sizes for the reporting service")
                }
                CauseKind::BlockingReindex => format!("{parameter}: search re-index scheduled"),
                _ => return None,
            };
            let minutes = 1 + chance.below("change", kind as u64, 30);
            Some(Change {
                name: parameter,
                before: Duration::from_secs(60 * minutes),
                text,
            })
        })
        .collect();
    let number = 40 + chance.below("release", 0, 50);
    changes.push(Change {
        name: format!("release-{number}"),
        before: Duration::from_secs(60 * (10 + chance.below("release", 1, 60))),
        text: format!("release-{number}: new colours in the customer portal"),
    });
    changes.sort_by(|a, b| b.before.cmp(&a.before).then_with(|| a.name.cmp(&b.name)));
    changes
}
