//! The worker: runs the seeds it is told, one after the other, in a process of its own.
//!
//! It knows no limit but the coordinator's life: when that process is gone, so is the worker, even
//! in the middle of a seed that would never end.

#![expect(
    clippy::disallowed_methods,
    reason = "the coordinator's life is watched in real time, on a thread outside any simulation"
)]

use std::io::{self, BufRead, Write};
use std::time::Duration;

use reports::{RunVerdict, Seed, SeedLine};
use sim::check::Verdict;
use sim::determinism::event_lines;

use super::causal_shape::causal_shape;
use super::protocol::{Reply, Request};
use crate::repro::Repro;
use crate::run::{JUDGEMENT_ONLY, Outcome, WITH_TRACE};
use crate::setup::{Setup, SetupText};
use crate::strategy::coverage::Shown;

/// Why a worker cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// Input or output broke off in the middle.
    #[error("the coordinator cannot be heard or reached: {0}")]
    Connection(#[from] io::Error),
    /// A line is no document of the protocol.
    #[error("the coordinator said what a worker does not understand: {0}")]
    Garbled(#[from] serde_json::Error),
    /// The setup makes no sense here.
    #[error("{0}")]
    Setup(#[from] crate::file::Mistakes),
}

/// Answers requests until the input ends.
///
/// # Errors
/// [`WorkerError`]; the coordinator has a bug or is gone.
pub fn serve(input: impl BufRead, mut output: impl Write) -> Result<(), WorkerError> {
    let mut lines = input.lines();
    let Some(setup) = lines.next() else {
        return Ok(());
    };
    let setup: SetupText = serde_json::from_str(&setup?)?;
    let setup = setup.read("the coordinator's setup")?;
    for request in lines {
        let reply = answer(&setup, &serde_json::from_str(&request?)?);
        let mut line = serde_json::to_string(&reply)?;
        line.push('\n');
        output.write_all(line.as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

/// Ends this process when the one that started it has ended.
pub fn end_with_parent() {
    let parent = std::os::unix::process::parent_id();
    std::thread::spawn(move || {
        while std::os::unix::process::parent_id() == parent {
            std::thread::sleep(Duration::from_millis(500));
        }
        std::process::exit(i32::from(crate::exit_code::ExitCode::Temporary.number()));
    });
}

fn answer(setup: &Setup, request: &Request) -> Reply {
    match *request {
        Request::Seed { seed, recheck } => judge(&setup.at(seed), recheck),
        Request::Events { seed } => {
            let outcome = setup.at(seed).run(WITH_TRACE);
            Reply::Events {
                fingerprint: outcome.record.fingerprint,
                lines: event_lines(&outcome.record),
            }
        }
        Request::Led {
            seeds,
            ref given,
            recheck,
        } => {
            let chosen = Setup {
                seeds,
                given: (**given).clone(),
                ..setup.clone()
            };
            judge_led(&chosen, recheck)
        }
    }
}

fn judge(setup: &Setup, recheck: bool) -> Reply {
    let outcome = setup.run(JUDGEMENT_ONLY);
    if recheck && is_another_the_next_time(setup, &outcome) {
        return Reply::Seed {
            line: Box::new(nondeterministic(setup, setup.seeds.run)),
            nondeterministic: true,
        };
    }
    let mut line = setup.report(&outcome, setup.reproduce()).to_seed_line();
    if !line.violated.is_empty() {
        add_shapes(&setup.run(WITH_TRACE), &mut line);
    }
    Reply::Seed {
        line: Box::new(line),
        nondeterministic: false,
    }
}

fn judge_led(setup: &Setup, recheck: bool) -> Reply {
    let outcome = setup.run(WITH_TRACE);
    if recheck && is_another_the_next_time(setup, &outcome) {
        return Reply::Led {
            line: Box::new(nondeterministic(setup, setup.seeds.run)),
            nondeterministic: true,
            shown: Shown::default(),
            repro: (!setup.is_told_by_its_seeds()).then(|| Box::new(Repro::of(setup, &outcome))),
        };
    }
    let mut line = setup.report(&outcome, String::new()).to_seed_line();
    add_shapes(&outcome, &mut line);
    let is_kept = line.verdict != RunVerdict::Held && !setup.is_told_by_its_seeds();
    Reply::Led {
        line: Box::new(line),
        nondeterministic: false,
        shown: Shown::by(&outcome.record),
        repro: is_kept.then(|| Box::new(Repro::of(setup, &outcome))),
    }
}

fn is_another_the_next_time(setup: &Setup, outcome: &Outcome) -> bool {
    let again = setup.run(JUDGEMENT_ONLY);
    again.record.fingerprint != outcome.record.fingerprint
}

/// Tells of each violation by which steps it came about, which takes a trace.
fn add_shapes(traced: &Outcome, line: &mut SeedLine) {
    for violated in &mut line.violated {
        let mut judged = traced.judgements.iter();
        let judged = judged.find(|judgement| judgement.check == violated.check);
        if let Some(Verdict::Violated(evidence)) = judged.map(|judgement| &judgement.verdict) {
            let first = evidence.first();
            violated.causal_shape =
                first.map_or_else(String::new, |it| causal_shape(&traced.record, it));
        }
    }
}

fn nondeterministic(setup: &Setup, seed: Seed) -> SeedLine {
    SeedLine::failed_to_run(
        &setup.selected.scenario.name,
        seed,
        "nondeterministic: the same inputs gave another fingerprint, so no verdict can be trusted",
        format!("{} --check-determinism", setup.reproduce()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::RunSeeds;

    fn setup() -> Setup {
        Setup {
            selected: crate::file::select("happy-path", &[]).unwrap(),
            seeds: RunSeeds::of(Seed(1)),
            defects: model::defects::Defects::default(),
            given: crate::given::Given::NOTHING,
        }
    }

    fn say(setup: &SetupText, requests: &[Request]) -> String {
        let mut text = serde_json::to_string(setup).unwrap() + "\n";
        for request in requests {
            text += &(serde_json::to_string(request).unwrap() + "\n");
        }
        text
    }

    fn replies(input: &str) -> Vec<Reply> {
        let mut output = Vec::new();
        serve(input.as_bytes(), &mut output).unwrap();
        let lines = output.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    #[test]
    fn each_request_has_one_reply_in_order() {
        let seed = |seed| Request::Seed {
            seed: Seed(seed),
            recheck: seed == 2,
        };
        let events = Request::Events { seed: Seed(2) };
        let replies = replies(&say(
            &setup().to_text(),
            &[seed(2), seed(3), events, seed(2)],
        ));
        let [
            Reply::Seed { line: second, .. },
            Reply::Seed { line: third, .. },
            Reply::Events { fingerprint, lines },
            Reply::Seed { line: again, .. },
        ] = &replies[..]
        else {
            panic!("four replies in order: {replies:?}");
        };
        assert_eq!((second.seed, third.seed), (Seed(2), Seed(3)));
        assert_eq!(second, again);
        assert_eq!(second.fingerprint, Some(*fingerprint));
        assert_eq!(lines.len() as u64, second.events);
        let expected = setup().at(Seed(3)).run(JUDGEMENT_ONLY);
        assert_eq!(third.fingerprint, Some(expected.record.fingerprint));
    }

    #[test]
    fn nothing_said_is_nothing_done_and_nonsense_is_an_error() {
        assert!(serve(&b""[..], Vec::new()).is_ok());
        assert!(matches!(
            serve(&b"{}\n"[..], Vec::new()),
            Err(WorkerError::Garbled(_))
        ));
        let mut unknown = setup().to_text();
        unknown.defects = vec!["nonsense".to_owned()];
        let unknown = say(&unknown, &[]);
        assert!(matches!(
            serve(unknown.as_bytes(), Vec::new()),
            Err(WorkerError::Setup(_))
        ));
    }
}
