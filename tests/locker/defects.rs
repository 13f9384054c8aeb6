//! Every bug planted in the device is caught by its check, and the device without it is not blamed.

use model::defects::Defect;
use model::points::{COMMAND_RECEIVED, LATCH_MOVED};
use sim::check::Verdict;
use sim::fault::{Fault, FaultKind};
use sim::ratio::Ratio;

use super::bench::{Ask, Bench, LOCKER, once, until_answered};
use crate::world::stage::at_point;

use Ask::{Link, Unlink};

/// A situation that a bug does not survive.
struct Situation {
    defect: Defect,
    bench: fn() -> Bench,
    /// What the check says of it.
    claim: &'static str,
}

fn fails_at(point: &str) -> Fault {
    at_point(FaultKind::PowerLoss, LOCKER, point, 1, 100)
}

const SITUATIONS: &[Situation] = &[
    Situation {
        defect: Defect::LinkNotIdempotent,
        bench: || Bench::new([once(10, Link("a")), once(50, Link("a"))]),
        claim: "it is linked twice: locker-1 slot 0 and locker-1 slot 1",
    },
    Situation {
        defect: Defect::LinkNotIdempotent,
        bench: || {
            let bench = Bench::new([once(10, Link("a"))]);
            bench.trouble(|trouble| trouble.double_execution = Ratio::ALWAYS)
        },
        claim: "it is linked twice: locker-1 slot 0 and locker-1 slot 1",
    },
    Situation {
        defect: Defect::LatchBeforeJournal,
        bench: || Bench::new([until_answered(10, Link("a"))]).with([fails_at(LATCH_MOVED)]),
        claim: "it is linked twice: locker-1 slot 0 and locker-1 slot 1",
    },
    Situation {
        defect: Defect::LatchBeforeJournal,
        bench: || {
            let script = [once(10, Link("a")), until_answered(500, Unlink("a"))];
            Bench::new(script).with([fails_at(LATCH_MOVED)])
        },
        claim: "locker-1 slot 0 holds it, but the Ledger does not know it",
    },
    Situation {
        defect: Defect::UnlinkForgetsLateLink,
        bench: || {
            let script = [once(10, Link("a")), until_answered(50, Unlink("a"))];
            let late = at_point(FaultKind::Stall, LOCKER, COMMAND_RECEIVED, 1, 300);
            Bench::new(script).with([late])
        },
        claim: "locker-1 slot 0 holds it, but the Ledger does not know it",
    },
    Situation {
        defect: Defect::DedupMemoryOfOne,
        bench: || {
            let script = [
                once(10, Link("a")),
                once(50, Unlink("a")),
                once(100, Link("b")),
                once(150, Link("a")),
            ];
            Bench::new(script)
        },
        claim: "locker-1 slot 1 holds it, but the Ledger does not know it",
    },
];

#[test]
fn every_bug_of_the_device_is_caught_where_the_device_without_it_is_not_blamed() {
    for Situation {
        defect,
        bench,
        claim,
    } in SITUATIONS
    {
        assert_eq!(defect.info().caught_by, "link_agreement");
        let with = bench().defect(*defect).play();
        let claims: Vec<String> = match with.verdict() {
            Verdict::Violated(evidence) => evidence.into_iter().map(|it| it.claim).collect(),
            Verdict::Held | Verdict::Unknown(_) => Vec::new(),
        };
        assert_eq!(claims, [*claim], "{defect}: {:?}", with.lines());
        let without = bench().play();
        assert_eq!(
            without.verdict(),
            Verdict::Held,
            "without {defect}: {:?}",
            without.lines()
        );
    }
}

#[test]
fn a_memory_of_one_still_knows_what_is_linked() {
    // The asset's tag, not the operation, tells that it is there: however many commands came between.
    let names = ["b", "c", "d"];
    let between = (0..)
        .zip(names)
        .map(|(at, name)| once(50 + 50 * at, Link(name)));
    let script = [once(10, Link("a"))].into_iter().chain(between);
    let script = script.chain([once(500, Link("a"))]);
    let played = Bench::new(script).defect(Defect::DedupMemoryOfOne).play();
    let closed = [(0, "a"), (1, "b"), (2, "c"), (3, "d")];
    played.expect_closed(&closed, "each once");
    let last = played.lines().pop();
    assert_eq!(last.as_deref(), Some("502 link a: slot 0"));
}
