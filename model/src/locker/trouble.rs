//! What goes wrong with a Locker's hardware, as a scenario says it: `[system.hardware]`.
//!
//! By default nothing does. What the network does to commands and answers, and what a crash does to
//! the process, are faults of the world and not written here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::ratio::Ratio;

use crate::config::ConfigError;

/// A door cannot be opened by hand more often than this, in milliseconds.
const DOOR_EVERY_MS_MIN: u64 = 1_000;

/// What the devices remember, and how their hardware fails. A chance that is not given is never.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HardwareConfig {
    /// How many operations a device remembers, to recognise repeated commands. At least 1.
    pub operations_remembered: u32,
    /// The chance that a latch jams when a command would move it: nothing moves, and another try may
    /// succeed.
    pub jam: Ratio,
    /// Latches that jam on the script.
    pub jams: Vec<ScriptedJam>,
    /// The chance that the firmware executes a command twice.
    pub double_execution: Ratio,
    /// The chance that an asset's tag bears the serial of another one in the device, for all tries
    /// to link it.
    pub duplicate_serial: Ratio,
    /// The chance that a sensor tells what it read before the door moved last.
    pub stale_sensor: Ratio,
    /// The chance that the sensors of a slot contradict each other.
    pub contradicting_sensor: Ratio,
    /// The mean time after which somebody opens a door of a device by hand and takes the asset out,
    /// in milliseconds; at least 1,000. Nobody does when it is not given.
    pub door_opened_every_ms: Option<u64>,
}

/// A movement that jams on the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptedJam {
    /// The Locker, such as `locker-1`.
    pub locker: String,
    /// Which movement of its latches, counted from 1 over the whole run. A repeated command that is
    /// recognised moves none.
    pub nth: u32,
}

impl Default for HardwareConfig {
    fn default() -> HardwareConfig {
        HardwareConfig {
            operations_remembered: 1_000,
            jam: Ratio::NEVER,
            jams: Vec::new(),
            double_execution: Ratio::NEVER,
            duplicate_serial: Ratio::NEVER,
            stale_sensor: Ratio::NEVER,
            contradicting_sensor: Ratio::NEVER,
            door_opened_every_ms: None,
        }
    }
}

impl HardwareConfig {
    /// Checks that such devices can be built.
    ///
    /// # Errors
    /// The first impossible value.
    pub fn validate(&self, lockers: &[String]) -> Result<(), ConfigError> {
        let refused = |key: String, message: String| {
            Err(ConfigError {
                key: format!("system.hardware.{key}"),
                message,
            })
        };
        if self.operations_remembered == 0 {
            let message = "0 is not possible here; give at least 1";
            return refused("operations_remembered".into(), message.into());
        }
        if let Some(every) = self.door_opened_every_ms
            && every < DOOR_EVERY_MS_MIN
        {
            let message = format!("{every} is too often; give at least {DOOR_EVERY_MS_MIN}");
            return refused("door_opened_every_ms".into(), message);
        }
        for (index, jam) in self.jams.iter().enumerate() {
            if !lockers.contains(&jam.locker) {
                let last = lockers.last().map_or("locker-1", String::as_str);
                let message = format!("there is no `{}`; the last one is `{last}`", jam.locker);
                return refused(format!("jams[{index}].locker"), message);
            }
            if jam.nth == 0 {
                let message = "movements are counted from 1";
                return refused(format!("jams[{index}].nth"), message.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: impl FnOnce(&mut HardwareConfig), expected: Option<&str>) {
        let mut config = HardwareConfig::default();
        change(&mut config);
        let lockers = ["locker-1".to_owned(), "locker-2".to_owned()];
        let refused = config.validate(&lockers).err().map(|error| error.key);
        assert_eq!(refused.as_deref(), expected);
    }

    fn jam(locker: &str, nth: u32) -> ScriptedJam {
        ScriptedJam {
            locker: locker.to_owned(),
            nth,
        }
    }

    #[test]
    fn impossible_hardware_is_refused_by_key() {
        check(|_| (), None);
        check(|config| config.jams = vec![jam("locker-2", 1)], None);
        check(|config| config.door_opened_every_ms = Some(1_000), None);
        check(
            |config| config.operations_remembered = 0,
            Some("system.hardware.operations_remembered"),
        );
        check(
            |config| config.door_opened_every_ms = Some(999),
            Some("system.hardware.door_opened_every_ms"),
        );
        check(
            |config| config.jams = vec![jam("locker-1", 1), jam("locker-3", 1)],
            Some("system.hardware.jams[1].locker"),
        );
        check(
            |config| config.jams = vec![jam("locker-1", 0)],
            Some("system.hardware.jams[0].nth"),
        );
    }
}
