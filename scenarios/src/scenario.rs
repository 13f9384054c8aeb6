//! A scenario: what one run consists of, as its TOML file says it.
//!
//! These are the tables of a scenario file and nothing else: how a file is read and its mistakes are
//! told stands in [`file`](crate::file), how a scenario is run in [`run`](crate::run). Every struct
//! refuses unknown keys, so a mistyped one is an error and never silently a default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::check::objective::Objective;
use sim::disk::DiskProfile;
use sim::fault::swarm::Swarm;
use sim::fault::{Fault, Place};
use sim::latency::{Latency, LatencyError, LatencyTable};
use sim::network::LinkProfiles;

/// A situation to try the system in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name: lower case words joined by hyphens.
    pub name: String,
    /// What happens, in a sentence.
    pub summary: String,
    /// What there is to learn, in a sentence or two.
    pub teaches: String,
    /// How large and fast the system is.
    pub system: model::config::SystemConfig,
    /// What its clients do.
    pub workload: model::config::Workload,
    /// How long messages take.
    pub network: NetworkQuality,
    /// How long disks take.
    pub disk: DiskQuality,
    /// What goes wrong; nothing when not given.
    #[serde(default)]
    pub faults: Faults,
    /// How long the run lasts.
    pub bounds: Bounds,
    /// Latency objectives, judged by the check `slo_met`.
    #[serde(default)]
    pub objectives: Vec<Objective>,
    /// What must hold.
    #[serde(default)]
    pub checks: Checks,
    /// Configurations of it to be compared, such as a naive and a mitigated one; `proveniq compare` runs each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
}

/// The scenario with some values set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// What it is called.
    pub name: String,
    /// What is set, as with `--set`: `KEY=VALUE`; nothing for the scenario as it stands.
    #[serde(default)]
    pub set: Vec<String>,
}

/// How long messages take when nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkQuality {
    /// On links not named below.
    pub default: LatencyTable,
    /// On particular links; the first that fits holds.
    #[serde(default)]
    pub links: Vec<LinkQuality>,
}

/// How long messages take on some links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkQuality {
    /// Which links, such as `core-* <-> locker-*`.
    #[serde(rename = "where")]
    pub place: Place,
    /// How long messages take there.
    pub latency: LatencyTable,
}

/// How long disks take when nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiskQuality {
    /// One read or write.
    pub access: LatencyTable,
    /// Making written bytes durable.
    pub sync: LatencyTable,
}

/// What goes wrong: scripted faults first, then those the swarm draws for the seed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// Scripted faults, the same in every run.
    #[serde(default)]
    pub plan: Vec<Fault>,
    /// What to draw further faults from, anew for each seed.
    #[serde(default)]
    pub swarm: Option<Swarm>,
}

/// How long the phases of a run last, and when it is given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Faults strike until then, in simulated milliseconds; then all are healed for good.
    pub chaos_ms: u64,
    /// How long the system has after that to finish all work, in milliseconds.
    pub settle_ms: u64,
    /// How long it must stay finished before it counts as quiet, in milliseconds: a command that
    /// was delayed on its way still lands.
    pub quiet_ms: u64,
    /// The most agenda entries (deliveries, timers, faults) before the run is given up.
    pub steps: u64,
    /// The latest simulated time before the run is given up, in milliseconds.
    pub time_ms: u64,
}

/// Which promises are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// Promises every run must keep; all there are when none is named. `nodes_behave` is judged always.
    #[serde(default)]
    pub expected: Vec<String>,
    /// States that some run of a sweep must reach, else the sweep proves little.
    #[serde(default)]
    pub sometimes: Vec<String>,
}

impl NetworkQuality {
    /// The world's link profiles.
    ///
    /// # Errors
    /// A table that does not ascend; [validation](crate::file) has found it before.
    pub fn profiles(&self) -> Result<LinkProfiles, LatencyError> {
        let special = self.links.iter();
        let special = special.map(|link| Ok((link.place.clone(), link.latency.try_into()?)));
        Ok(LinkProfiles {
            default: self.default.try_into()?,
            special: special.collect::<Result<Vec<(Place, Latency)>, LatencyError>>()?,
        })
    }
}

impl DiskQuality {
    /// The world's disk profile.
    ///
    /// # Errors
    /// A table that does not ascend; [validation](crate::file) has found it before.
    pub fn profile(&self) -> Result<DiskProfile, LatencyError> {
        Ok(DiskProfile {
            access: self.access.try_into()?,
            sync: self.sync.try_into()?,
        })
    }
}
