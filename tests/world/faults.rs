//! The catalogue: every kind of fault shows its effect, and none when it is off.
//!
//! The cases stand with their devices; here they are walked. A kind of fault that joins the catalogue
//! without a case fails [`every_kind_of_fault_has_a_case`].

use std::collections::BTreeSet;

use sim::fault::{CATALOGUE, Fault};

use super::cast::Scene;
use super::stage::{expect_lines, said};
use super::{clock, disk, network, points, process};

/// A fault on a scene, and what is then said instead of the undisturbed lines.
pub struct Case {
    /// Where it is played.
    pub scene: &'static Scene,
    /// What goes wrong.
    pub fault: fn() -> Fault,
    /// What is said then.
    pub disturbed: &'static [&'static str],
}

/// All cases, by device.
pub(super) fn cases() -> impl Iterator<Item = &'static Case> {
    [
        network::CASES,
        process::CASES,
        disk::CASES,
        clock::CASES,
        points::CASES,
    ]
    .into_iter()
    .flatten()
}

/// The same fault, later than anything on a stage, or at a passing that never comes.
fn too_late(fault: Fault) -> Fault {
    const LATER_MS: u64 = 50_000;
    Fault {
        from_ms: fault.from_ms + LATER_MS,
        until_ms: fault.until_ms.map(|until| until + LATER_MS),
        nth: fault.nth.map(|nth| nth + 1_000),
        ..fault
    }
}

#[test]
fn every_kind_of_fault_has_a_case() {
    let covered: BTreeSet<&str> = cases().map(|case| (case.fault)().what.name()).collect();
    let known: BTreeSet<&str> = CATALOGUE.iter().map(|(name, ..)| *name).collect();
    let missing: Vec<_> = known.difference(&covered).collect();
    assert!(
        missing.is_empty(),
        "no case shows the effect of {missing:?}"
    );
}

#[test]
fn a_fault_that_holds_has_its_effect() {
    let mut different = Vec::new();
    for case in cases() {
        let fault = (case.fault)();
        let about = format!("{fault}, on {}", case.scene.name);
        let record = (case.scene.stage)().with([fault]).play();
        let (said, expected) = (said(&record).join("\n  "), case.disturbed.join("\n  "));
        if said != expected {
            different.push(format!(
                "{about}\nexpected:\n  {expected}\nfound:\n  {said}"
            ));
        }
        assert_ne!(
            case.disturbed, case.scene.undisturbed,
            "{about} changes nothing"
        );
        assert_eq!(record.struck.len(), 1, "{about} struck");
        assert_eq!(record.findings, [], "{about}");
    }
    assert!(different.is_empty(), "{}", different.join("\n\n"));
}

#[test]
fn a_fault_that_does_not_hold_has_none() {
    for case in cases() {
        let fault = too_late((case.fault)());
        let about = format!("{fault}, on {}", case.scene.name);
        let record = (case.scene.stage)().with([fault]).play();
        expect_lines(&said(&record), case.scene.undisturbed, &about);
        assert!(record.struck.is_empty(), "{about} struck");
    }
}

#[test]
fn a_plan_of_nothing_is_the_undisturbed_run() {
    for case in cases() {
        let plain = (case.scene.stage)().play();
        let idle = (case.scene.stage)().with([]).play();
        assert_eq!(plain.fingerprint, idle.fingerprint);
        expect_lines(&said(&plain), case.scene.undisturbed, case.scene.name);
    }
}

#[test]
fn a_fault_reads_back_as_it_was_written() {
    for case in cases() {
        let fault = (case.fault)();
        let written = toml::to_string(&fault).expect("a fault can be written down");
        assert!(written.contains(fault.what.name()), "{written}");
        let read: Fault = toml::from_str(&written).expect("and read again");
        assert_eq!(read, fault);
    }
}
