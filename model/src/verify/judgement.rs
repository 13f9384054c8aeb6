//! What evidence means: a pure value.

use crate::locker::protocol::{Evidence, Occupant, Sensor};

/// What comes of a look at evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The asset is where it should be.
    Verified,
    /// It is not.
    Rejected,
    /// The evidence does not tell; a person must look.
    Review,
    /// The evidence is old; it must be taken again.
    TakeAgain,
}

/// Judges evidence. A reading of the past proves nothing either way; sensors that contradict each
/// other are for people.
pub fn judge(evidence: &Evidence) -> Judgement {
    match (evidence.sensor, evidence.occupant) {
        (Sensor::Stale, _) => Judgement::TakeAgain,
        (Sensor::Fresh, Occupant::Expected) => Judgement::Verified,
        (Sensor::Fresh, Occupant::Empty | Occupant::Other) => Judgement::Rejected,
        (Sensor::Fresh, Occupant::Contradiction) => Judgement::Review,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fresh_and_fitting_reading_verifies() {
        let judged = |sensor, occupant| {
            judge(&Evidence {
                slot: None,
                occupant,
                photo: 0,
                position: (0, 0),
                taken_at_ms: 0,
                sensor,
            })
        };
        for (sensor, occupant, expected) in [
            (Sensor::Fresh, Occupant::Expected, Judgement::Verified),
            (Sensor::Fresh, Occupant::Empty, Judgement::Rejected),
            (Sensor::Fresh, Occupant::Other, Judgement::Rejected),
            (Sensor::Fresh, Occupant::Contradiction, Judgement::Review),
            (Sensor::Stale, Occupant::Expected, Judgement::TakeAgain),
            (Sensor::Stale, Occupant::Empty, Judgement::TakeAgain),
        ] {
            assert_eq!(
                judged(sensor, occupant),
                expected,
                "{sensor:?} {occupant:?}"
            );
        }
    }
}
