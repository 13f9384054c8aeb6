//! Latency objectives over HDR histograms: the generic check behind `slo_met`.
//!
//! An objective bounds a quantile of a histogram. A measurement that never finished counts as
//! infinite, so a service that fails fast does not look fast. It does not judge whether there were
//! enough measurements to trust a high quantile; an empty histogram is unknown.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Check, Evidence, Kind};
use crate::record::Record;
use crate::record::metrics::MetricKey;

/// A bound on a quantile of a measured span.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// The histogram's name.
    pub metric: String,
    /// Its labels, all of them.
    #[serde(default)]
    pub labels: std::collections::BTreeMap<String, String>,
    /// Which percentile is bounded, from 1 to 100.
    pub percentile: u8,
    /// The bound in milliseconds; the percentile must be below it.
    pub below_ms: u64,
}

impl Objective {
    fn key(&self) -> MetricKey {
        MetricKey {
            name: self.metric.clone(),
            labels: self.labels.clone(),
        }
    }
}

/// Latency objectives are met.
pub const SLO_MET: Check = Check {
    name: "slo_met",
    kind: Kind::Always,
    promise: "the scenario's latency objectives are met, failures counted as infinite",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut evidence = Vec::new();
    for objective in &record.objectives {
        let key = objective.key();
        let histogram = record
            .metrics
            .find_histogram(&key)
            .ok_or_else(|| format!("nothing was measured as {key}"))?;
        let found = histogram.quantile(u64::from(objective.percentile), 100);
        let bound = Duration::from_millis(objective.below_ms);
        if found.is_none_or(|span| span >= bound) {
            let shown = found.map_or_else(
                || "infinite".to_owned(),
                |span| format!("{} ms", span.as_millis()),
            );
            let claim = format!(
                "p{} is {shown}, the objective is below {} ms ({} measured, {} of them failed)",
                objective.percentile,
                objective.below_ms,
                histogram.count(),
                histogram.failures(),
            );
            evidence.push(Evidence::new(key.to_string(), claim));
        }
    }
    Ok(evidence)
}
