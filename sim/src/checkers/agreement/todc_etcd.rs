//! The etcd histories bundled with `todc-utils`: recorded by Jepsen from a real cluster, with verdicts that go back to
//! Horn and Kroening's checker; and the checker of that crate on drawn histories.
//!
//! The logs are read from the sources of the dependency, which cargo can always name; nothing is copied.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use todc_utils::specifications::etcd::{
    EtcdOperation, EtcdSpecification, EtcdStatus, history_from_log,
};
use todc_utils::{Action, History as TodcHistory, WGLChecker};

use crate::checkers::history::{Completion, History, Outcome, ProcessId, Recorder};
use crate::checkers::linearizability::register::{
    RegisterAction, RegisterOutput, RegisterRequest, Registers,
};
use crate::checkers::linearizability::{Budget, check, specimen};
use crate::checkers::specimen::{Crowd, Draw, altered};

type EtcdHistory = History<RegisterAction<u32, u32>, RegisterOutput<u32>>;

/// The folder of the logs. Asking cargo takes longer than judging a log, so it is asked once.
fn sources() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(find_sources)
}

fn find_sources() -> PathBuf {
    let arguments = ["metadata", "--format-version", "1", "--offline"];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .output()
        .expect("cargo runs, since it runs this test");
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata answers in JSON");
    let packages = metadata["packages"]
        .as_array()
        .expect("metadata lists packages");
    let package = packages
        .iter()
        .find(|package| package["name"] == "todc-utils")
        .expect("it is a dev-dependency");
    let manifest = PathBuf::from(
        package["manifest_path"]
            .as_str()
            .expect("a package has a manifest"),
    );
    manifest
        .parent()
        .expect("a manifest is in a folder")
        .join("tests/linearizability")
}

/// The expected verdicts, from lines such as `test_000: ("000", false),`.
fn expected() -> Vec<(String, bool)> {
    let table =
        std::fs::read_to_string(sources().join("etcd.rs")).expect("the crate carries its tests");
    let rows = table
        .lines()
        .filter_map(|line| line.trim().strip_prefix("test_")?.split_once("(\""));
    rows.filter_map(|(_, row)| {
        let (number, verdict) = row.split_once("\", ")?;
        Some((number.to_string(), verdict.starts_with("true")))
    })
    .collect()
}

/// One log in our terms. A failed swap is an answer here: etcd says that the value did not match.
fn from_log(number: &str) -> EtcdHistory {
    let log = std::fs::read_to_string(sources().join(format!("etcd/etcd_{number}.log")))
        .expect("the log is there");
    let mut recorder = Recorder::new();
    for line in log.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.len() < 7 || words[1] != "jepsen.util" {
            continue;
        }
        let Ok(process) = words[3].parse().map(ProcessId) else {
            continue;
        };
        let value = |place: usize| {
            words
                .get(place)?
                .trim_matches(['[', ']'])
                .parse::<u32>()
                .ok()
        };
        let request = match words[5] {
            ":read" => RegisterRequest::Read,
            ":write" => RegisterRequest::Write(value(6)),
            _ => RegisterRequest::CompareAndSet {
                from: value(6),
                to: value(7),
            },
        };
        let outcome = match (words[4], &request) {
            (":invoke", _) => {
                recorder
                    .invoke(process, RegisterAction { key: 0, request }, None)
                    .expect("Jepsen's processes wait");
                continue;
            }
            (":ok", RegisterRequest::Read) => Outcome::Ok(RegisterOutput::Value(value(6))),
            (":ok", RegisterRequest::Write(_)) => Outcome::Ok(RegisterOutput::Written),
            (":ok", RegisterRequest::CompareAndSet { .. }) => {
                Outcome::Ok(RegisterOutput::Swapped(true))
            }
            (":fail", RegisterRequest::CompareAndSet { .. }) => {
                Outcome::Ok(RegisterOutput::Swapped(false))
            }
            (":fail", _) => Outcome::Failed,
            _ => Outcome::Unknown,
        };
        recorder
            .complete(process, outcome, None)
            .expect("Jepsen completes what it invoked");
    }
    recorder.finish()
}

fn word(is_linearizable: bool) -> &'static str {
    if is_linearizable { "held" } else { "violated" }
}

#[test]
fn etcd_logs_are_judged_as_by_their_authors() {
    let expected = expected();
    assert_eq!(
        expected.len(),
        102,
        "the crate's table of verdicts was not understood"
    );
    let ours: Vec<&str> = expected
        .iter()
        .map(|(number, _)| check(&Registers::new(None), &from_log(number), Budget::USUAL).word())
        .collect();
    let agreed = expected
        .iter()
        .zip(&ours)
        .filter(|((_, is_linearizable), ours)| word(*is_linearizable) == **ours);
    let held = ours.iter().filter(|ours| **ours == "held").count();
    let agreed = agreed.count();
    println!(
        "todc-utils etcd logs: {agreed} of {} verdicts agree, {held} held",
        expected.len()
    );
    assert_eq!((agreed, held), (102, 23));
}

/// The same history for the other checker. It wants an answer to everything, so unknown ones answer at the end.
fn for_todc(history: &EtcdHistory) -> TodcHistory<EtcdOperation> {
    let mut actions: Vec<(u64, usize, Action<EtcdOperation>)> = Vec::new();
    for (id, operation) in history.iter() {
        let told = |status, seen| match operation.action.request {
            RegisterRequest::Read => EtcdOperation::Read(status, seen),
            RegisterRequest::Write(value) => {
                EtcdOperation::Write(status, value.expect("no register is emptied here"))
            }
            RegisterRequest::CompareAndSet { from, to } => EtcdOperation::CompareAndSwap(
                status,
                (
                    from.expect("swaps compare values"),
                    to.expect("and set them"),
                ),
            ),
        };
        // The other checker pairs by process, and here an unanswered operation overlaps later ones of its process.
        let process = id.0 as usize;
        let (at, answer) = match &operation.completion {
            Completion::Failed { .. } => continue,
            Completion::Ok {
                at,
                output: RegisterOutput::Value(seen),
            } => (at.position, told(EtcdStatus::Okay, *seen)),
            Completion::Ok {
                at,
                output: RegisterOutput::Swapped(false),
            } => (at.position, told(EtcdStatus::Fail, None)),
            Completion::Ok { at, .. } => (at.position, told(EtcdStatus::Okay, None)),
            Completion::Unknown { .. }
                if matches!(operation.action.request, RegisterRequest::Read) =>
            {
                continue;
            }
            Completion::Unknown { .. } => (u64::MAX, told(EtcdStatus::Unknown, None)),
        };
        actions.push((
            operation.invoked.position,
            process,
            Action::Call(told(EtcdStatus::Invoke, None)),
        ));
        actions.push((at, process, Action::Response(answer)));
    }
    actions.sort_by_key(|(position, ..)| *position);
    TodcHistory::from_actions(
        actions
            .into_iter()
            .map(|(_, process, action)| (process, action))
            .collect(),
    )
}

#[test]
fn the_other_checker_passes_its_controls() {
    let judge = |number: &str| {
        let path = sources().join(format!("etcd/etcd_{number}.log"));
        WGLChecker::<EtcdSpecification>::is_linearizable(history_from_log(
            path.display().to_string(),
        ))
    };
    assert_eq!((judge("005"), judge("099")), (true, false));
}

#[test]
fn drawn_register_histories_are_judged_as_by_todc() {
    let crowd = Crowd {
        clients: 5,
        operations: 40,
        unknown_per_thousand: 60,
        failed_per_thousand: 50,
    };
    let (mut agreed, mut held) = (0, 0);
    for seed in 0..600 {
        let mut draw = Draw(seed);
        let honest = specimen::registers(seed, crowd, 1, 4);
        let history = altered(&honest, |_, output| match output {
            RegisterOutput::Value(_) if draw.chance(40) => {
                Some(RegisterOutput::Value(Some(draw.below(4) as u32)))
            }
            RegisterOutput::Swapped(done) if draw.chance(20) => {
                Some(RegisterOutput::Swapped(!done))
            }
            _ => None,
        });
        let theirs = WGLChecker::<EtcdSpecification>::is_linearizable(for_todc(&history));
        let ours = check(&Registers::new(None), &history, Budget::USUAL);
        agreed += usize::from(ours.word() == word(theirs));
        held += usize::from(theirs);
    }
    println!("todc-utils on drawn histories: {agreed} of 600 verdicts agree, {held} held");
    assert_eq!(agreed, 600);
    assert!(
        (100..500).contains(&held),
        "both verdicts must be well represented, {held} of 600 are held"
    );
}
