//! What a scenario lets go wrong by itself, besides its faults: chances of the hardware, of people and of
//! verifications, and the redeploy. Each can be taken away alone.

use sim::ratio::Ratio;

use crate::scenario::Scenario;
use crate::setup::Setup;

/// Something that a scenario lets go wrong besides its faults.
#[derive(Clone, Copy)]
pub(super) struct Trouble {
    pub(super) name: &'static str,
    take_away: fn(&mut Scenario),
}

/// All of them.
pub(super) const TROUBLES: &[Trouble] = &[
    Trouble {
        name: "jam",
        take_away: |scenario| scenario.system.hardware.jam = Ratio::NEVER,
    },
    Trouble {
        name: "jams",
        take_away: |scenario| scenario.system.hardware.jams.clear(),
    },
    Trouble {
        name: "double_execution",
        take_away: |scenario| scenario.system.hardware.double_execution = Ratio::NEVER,
    },
    Trouble {
        name: "duplicate_serial",
        take_away: |scenario| scenario.system.hardware.duplicate_serial = Ratio::NEVER,
    },
    Trouble {
        name: "stale_sensor",
        take_away: |scenario| scenario.system.hardware.stale_sensor = Ratio::NEVER,
    },
    Trouble {
        name: "contradicting_sensor",
        take_away: |scenario| scenario.system.hardware.contradicting_sensor = Ratio::NEVER,
    },
    Trouble {
        name: "door_opened",
        take_away: |scenario| scenario.system.hardware.door_opened_every_ms = None,
    },
    Trouble {
        name: "review",
        take_away: |scenario| scenario.system.verify.review = Ratio::NEVER,
    },
    Trouble {
        name: "poison",
        take_away: |scenario| scenario.system.verify.poison = Ratio::NEVER,
    },
    Trouble {
        name: "redeploy",
        take_away: |scenario| scenario.system.redeploy_at_ms = None,
    },
];

/// The scenario of a case without some of them.
pub(super) fn without_troubles(case: &Setup, troubles: &[Trouble]) -> Scenario {
    let mut scenario = case.selected.scenario.clone();
    for trouble in troubles {
        (trouble.take_away)(&mut scenario);
    }
    scenario
}
