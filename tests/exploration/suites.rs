//! Property suites: what they draw, how far they make it smaller, what they keep.

use model::defects::Defect;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use reports::Seed;
use scenarios::file;
use scenarios::given::Given;
use scenarios::property::suite::SuiteError;
use scenarios::property::{Broken, Suite, Vary, cases};
use scenarios::seeds::RunSeeds;
use scenarios::setup::Setup;
use scenarios::shrink::Size;
use scenarios::sweep::regressions;

const SCENARIO: &str = "chaos-registration";

fn suite() -> Suite {
    Suite::of(SCENARIO).expect("a built-in scenario is valid")
}

fn broken(suite: &Suite) -> Broken {
    match suite.check() {
        Err(SuiteError::Broken(broken)) => *broken,
        other => panic!("no failure: {other:?}"),
    }
}

#[test]
fn a_sound_system_passes() {
    suite().cases(12).assert_holds();
}

#[test]
fn a_planted_bug_is_found_made_smaller_and_kept_for_suites_and_sweeps() {
    let folder = std::env::temp_dir().join(format!("proveniq-suite-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let file = folder.join("regressions.txt");
    let suite = suite()
        .with_defects([Defect::LinkNotIdempotent])
        .cases(100)
        .regressions(&file);
    let first = broken(&suite);
    assert_eq!(first.target.check, "link_agreement");
    let Size { faults, operations } = Size::of(&first.case.setup);
    assert!(
        (faults, operations) <= (2, 8),
        "{faults} faults and {operations} operations are left"
    );
    let seed = first.drawn.setup.seeds.run;
    let told = first.to_string();
    let command = format!("proveniq run {SCENARIO} --seed {seed} --defect link_not_idempotent");
    assert!(told.contains(&command), "{told}");

    assert_eq!(regressions::read(&file).expect("it was written"), [seed]);
    let again = broken(&suite.cases(0));
    assert_eq!(again.drawn.setup.seeds.run, seed, "regressions come first");
    std::fs::remove_dir_all(&folder).expect("it was made above");
}

#[test]
fn a_run_of_which_nothing_is_known_keeps_a_suite_from_passing_and_hides_no_failure() {
    // About half of the runs are given up before they end.
    let halves = Suite::with(SCENARIO, &["bounds.steps=4700"]).expect("it makes sense");
    match halves.clone().cases(30).check() {
        Err(SuiteError::Unknown(why)) => assert!(why.contains("bounds.steps=4700"), "{why}"),
        other => panic!("something is not known: {other:?}"),
    }
    let failing = halves.with_defects([Defect::KeyIgnoresBody]).cases(60);
    assert_eq!(broken(&failing).target.check, "no_phantom_writes");
}

#[test]
fn what_is_held_does_not_vary() {
    let setup = Setup {
        selected: file::select(SCENARIO, &[]).expect("a built-in scenario is valid"),
        seeds: RunSeeds::of(Seed(7)),
        defects: Default::default(),
        given: Given::NOTHING,
    };
    let mut runner = TestRunner::deterministic();
    for (vary, [workload, plan, schedule]) in [
        (Vary::Everything, [true, true, true]),
        (Vary::Workload, [true, false, false]),
        (Vary::Plan, [false, true, false]),
    ] {
        let tree = cases(setup.clone(), vary).new_tree(&mut runner);
        let drawn = tree.expect("seeds can always be drawn").current();
        let (held, drawn) = (setup.seeds.resolve(), drawn.setup.seeds.resolve());
        assert_eq!(drawn.workload != held.workload, workload, "{vary:?}");
        assert_eq!(drawn.plan != held.plan, plan, "{vary:?}");
        assert_eq!(drawn.schedule != held.schedule, schedule, "{vary:?}");
    }
}
