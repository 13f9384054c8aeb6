//! `happy-path`: the timing budget and the service level hold when nothing goes wrong.

use super::run_once::{complaints, run_once};

#[test]
fn the_budget_of_every_step_and_the_service_level_hold() {
    for seed in 1..=10 {
        let outcome = run_once("happy-path", seed);
        assert_eq!(complaints(&outcome), Vec::<String>::new(), "seed {seed}");
        let counts = outcome.record.history.counts();
        assert_eq!(
            (counts.ok, counts.fail, counts.unknown),
            (400, 0, 0),
            "seed {seed}"
        );
    }
}
