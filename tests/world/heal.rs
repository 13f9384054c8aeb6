//! Healing: every fault ends, and none begins again.

use sim::fault::{Fault, FaultKind};
use sim::record::trace::Happening;

use super::cast::{asks, server, works};
use super::faults::cases;
use super::stage::{
    Stage, at_point, during, expect_lines, happenings, ms, program, said, said_by, say,
};

/// The same fault without an end.
fn endless(fault: Fault) -> Fault {
    Fault {
        until_ms: None,
        lasts_ms: fault.lasts_ms.filter(|_| fault.what == FaultKind::Stall),
        ..fault
    }
}

#[test]
fn every_endless_fault_holds_until_healed_and_no_longer() {
    for case in cases() {
        let fault = endless((case.fault)());
        let about = fault.to_string();
        let stage = (case.scene.stage)()
            .with([fault])
            .directed(|world, director| async move {
                director.sleep(ms(1_000)).await;
                world.heal();
                director.sleep(ms(100)).await;
            });
        let record = stage.play();
        assert!(record.struck.contains(&0), "{about} struck");
        let ends = happenings(&record, |what| matches!(what, Happening::FaultEnded { .. }));
        expect_lines(&ends, &["1000 director fault #0 ends"], &about);
        let starts = happenings(&record, |what| matches!(what, Happening::Started { .. }));
        let restarted = starts.iter().any(|line| line.starts_with("1000 "));
        let kills = ["crash", "power-loss", "torn-write"].contains(&(case.fault)().what.name());
        assert_eq!(restarted, kills, "{about}: {starts:?}");
    }
}

#[test]
fn after_healing_a_call_goes_through_whatever_held() {
    for case in cases() {
        let what = (case.fault)().what;
        let place = match what {
            FaultKind::Partition => "client <-> server",
            _ => "server",
        };
        let fault = match what {
            FaultKind::Stall => at_point(what, "worker", "work.done", 1, 10),
            _ => endless(during(what, place, 5, 6)),
        };
        let about = fault.to_string();
        let cast = [
            ("client", asks("server", &[60], 5)),
            ("server", server()),
            ("worker", works()),
        ];
        let stage = Stage::new(cast)
            .with([fault])
            .directed(|world, director| async move {
                director.sleep(ms(50)).await;
                world.heal();
                director.sleep(ms(50)).await;
            });
        let record = stage.play();
        let words = said_by(&record, "client");
        assert!(
            words.len() == 1 && words[0].starts_with("62 0 ok"),
            "{about}: {words:?}"
        );
    }
}

#[test]
fn no_fault_begins_after_healing() {
    for case in cases() {
        let about = (case.fault)().to_string();
        let stage =
            (case.scene.stage)()
                .with([(case.fault)()])
                .directed(|world, director| async move {
                    director.sleep(ms(4)).await;
                    world.heal();
                    director.sleep(ms(300)).await;
                });
        let record = stage.play();
        assert!(record.struck.is_empty(), "{about}");
        let lines = said(&record);
        let expected = case.scene.undisturbed;
        expect_lines(&lines[..expected.len()], expected, &about);
    }
}

#[test]
fn healing_starts_who_is_down_for_any_other_reason() {
    let mortal = program(|node| async move {
        say(&node, format!("life {}", node.incarnation()));
        node.sleep(ms(10)).await;
        assert!(node.incarnation() > 0, "the first life ends in a panic");
        say(&node, "lives on");
    });
    let stage = Stage::new([("mortal", mortal)]).directed(|world, director| async move {
        director.sleep(ms(30)).await;
        world.heal();
        director.sleep(ms(30)).await;
    });
    expect_lines(
        &stage.lines(),
        &["0 mortal life 0", "30 mortal life 1", "40 mortal lives on"],
        "nobody else starts a process that panicked",
    );
}
