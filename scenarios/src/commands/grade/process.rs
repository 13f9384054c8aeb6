//! A learner's grading process, seen from outside: started within bounds, watched, ended.
//!
//! Everything graded is bounded in simulated events already, alike on every machine; these bounds are for what
//! nobody thought of. The processor's time comes first, so that a busy machine decides nothing; time by the
//! clock, ten times as long, is for what stands still. Whoever meets a bound is not graded, which is no zero, and
//! is told how to be graded without one.

#![expect(
    clippy::disallowed_methods,
    reason = "processes of this machine are watched in real time, outside any simulation"
)]

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::args::incident::GradeArgs;
use crate::failure::Failure;
use crate::setup::quoted;
use crate::sweep::limits::resident_memory;

/// How long is waited by the clock, in times of the processor's bound.
const PATIENCE: u32 = 10;

/// The signal of a process that has used up its time of the processor (SIGXCPU).
const TIME_IS_UP: i32 = 24;

/// What a process may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Seconds of the processor.
    pub processor_s: u32,
    /// Seconds by the clock.
    pub patience_s: u32,
    /// Resident memory, in MiB.
    pub memory_mib: u64,
}

impl Bounds {
    /// Those that were typed, or that no sound submission comes near: a trial of a lab takes seconds, an incident
    /// less than a minute.
    pub fn of(args: &GradeArgs) -> Bounds {
        let trials = args.lab.as_ref().map_or(0, |_| 4 * args.seeds);
        let usual = 600 + 60 * u32::try_from(trials).unwrap_or(u32::MAX / 120);
        let processor_s = args.limit_s.unwrap_or(usual);
        Bounds {
            processor_s,
            patience_s: args
                .patience_s
                .unwrap_or(processor_s.saturating_mul(PATIENCE)),
            memory_mib: args.limit_mib,
        }
    }
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With a grade.
    Graded,
    /// Without one: why.
    Ungraded(String),
}

/// A running one; it is ended when nobody waits for it any more.
pub struct GradingProcess {
    child: Child,
    began: Instant,
    bounds: Bounds,
    alone: String,
}

impl GradingProcess {
    /// Grades a learner in a process of its own.
    ///
    /// # Errors
    /// When the system has no process to give.
    pub fn start(args: &GradeArgs, learner: &Path, out: &Path) -> Result<GradingProcess, Failure> {
        let lost = |error| Failure::Temporary(format!("cannot start a grading process: {error}"));
        let bounds = Bounds::of(args);
        // The shell bounds itself, and becomes the program.
        let bounded = format!(
            "ulimit -c 0; ulimit -S -t {} && exec \"$0\" \"$@\"",
            bounds.processor_s
        );
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &bounded]);
        command.arg(std::env::current_exe().map_err(lost)?);
        command.arg("grade").arg(learner).arg("--single");
        command.arg("--seed").arg(args.seed.to_string());
        command.arg("--seeds").arg(args.seeds.to_string());
        command.args(args.lab.iter().flat_map(|lab| ["--lab", lab]));
        let key = args.key.iter();
        command.args(key.flat_map(|key| [OsStr::new("--key"), key.as_os_str()]));
        command.arg("--out").arg(out);
        command.args(args.published.then_some("--published"));
        let words = command.get_args().skip(3).map(OsStr::to_string_lossy);
        let words = words.filter(|word| word != "--single");
        let words: Vec<String> = words.map(|word| quoted(&word)).collect();
        let alone = format!("proveniq {}", words.join(" "));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(GradingProcess {
            child: command.spawn().map_err(lost)?,
            began: Instant::now(),
            bounds,
            alone,
        })
    }

    /// How it ended, if it did; what takes too much is ended here.
    pub fn look(&mut self) -> Option<End> {
        let Bounds {
            patience_s,
            memory_mib,
            ..
        } = self.bounds;
        match self.child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => return Some(self.ended(status)),
            Err(error) => {
                let told = format!("the grading process cannot be waited for: {error}");
                return Some(End::Ungraded(told));
            }
        }
        if self.began.elapsed() > Duration::from_secs(u64::from(patience_s)) {
            return Some(self.stop(&format!("{patience_s} s by the clock")));
        }
        let resident = resident_memory(self.child.id()).unwrap_or(0);
        (resident > memory_mib << 20).then(|| self.stop(&format!("{memory_mib} MiB of memory")))
    }

    fn ended(&self, status: ExitStatus) -> End {
        match status.signal() {
            None if status.success() => End::Graded,
            Some(TIME_IS_UP) => {
                self.too_much(&format!("{} s of the processor", self.bounds.processor_s))
            }
            _ => End::Ungraded(format!(
                "the grading process ended without a grade: {status}"
            )),
        }
    }

    fn stop(&mut self, what: &str) -> End {
        self.kill();
        self.too_much(what)
    }

    fn too_much(&self, what: &str) -> End {
        End::Ungraded(format!(
            "took more than {what}; grade it alone, which has no bound: {}",
            self.alone
        ))
    }

    fn kill(&mut self) {
        // It may have ended by itself meanwhile, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for GradingProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
