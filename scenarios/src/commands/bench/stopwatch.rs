//! A stopwatch for processor time and wall time.

#![expect(
    clippy::disallowed_methods,
    reason = "how fast runs are is measured in real time, outside any run"
)]

use std::time::Instant;

use reports::bench::Took;

/// How many ticks of `/proc/self/stat` make a second; Linux tells user programs 100 on all its machines.
const TICKS_PER_S: f64 = 100.0;

/// The least span that is told, so that nothing is divided by zero.
const LEAST_S: f64 = 0.01;

/// Runs from its start.
pub(super) struct Stopwatch {
    wall: Instant,
    processor_s: Option<f64>,
}

impl Stopwatch {
    pub(super) fn start() -> Stopwatch {
        Stopwatch {
            processor_s: processor_s(),
            wall: Instant::now(),
        }
    }

    /// What has passed since. Where the system does not tell processor time, wall time stands for it.
    pub(super) fn took(&self) -> Took {
        let wall_s = self.wall.elapsed().as_secs_f64().max(LEAST_S);
        let processor_s = self
            .processor_s
            .and_then(|began| Some(processor_s()? - began));
        Took {
            wall_s,
            processor_s: processor_s.map_or(wall_s, |span| span.max(LEAST_S)),
        }
    }
}

/// The time that all threads of this process have spent on processors, for themselves or in the kernel.
fn processor_s() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    Some(ticks(&stat)? as f64 / TICKS_PER_S)
}

/// The sum of fields 14 and 15, `utime` and `stime`. The second field is a name in brackets, which may hold
/// anything: what counts comes after the last bracket.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (times.next()?.parse().ok()?, times.next()?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_time_is_found_behind_whatever_name_a_process_has() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 120 30 0 0 20 0 1";
        for name in ["(proveniq)", "(a b)", "(odd ) 7 (name)"] {
            assert_eq!(ticks(&format!("42 {name} {rest}")), Some(150), "{name}");
        }
        for broken in [
            "",
            "42 (x)",
            "42 (x) S 1 2",
            "42 (x) S 1 2 3 4 5 6 7 8 9 10 a b",
        ] {
            assert_eq!(ticks(broken), None, "{broken}");
        }
    }
}
