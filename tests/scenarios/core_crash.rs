//! `core-crash`: a Core dies in every window between two durable steps, and nothing is lost.

use super::run_once::{complaints, run_once};

#[test]
fn a_crash_in_every_window_strikes_and_breaks_no_promise() {
    for seed in 1..=5 {
        let outcome = run_once("core-crash", seed);
        assert_eq!(complaints(&outcome), Vec::<String>::new(), "seed {seed}");
        let record = &outcome.record;
        let missed: Vec<String> = record
            .plan
            .faults
            .iter()
            .enumerate()
            .filter(|(number, _)| !record.struck.contains(&(*number as u32)))
            .map(|(_, fault)| fault.to_string())
            .collect();
        assert_eq!(
            missed,
            Vec::<String>::new(),
            "seed {seed}: every window was hit"
        );
        let counts = record.history.counts();
        assert_eq!(
            (counts.fail, counts.unknown),
            (0, 0),
            "seed {seed}: every client got its answer"
        );
    }
}
