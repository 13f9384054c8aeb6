//! Two runs that parted, as a determinism check prints them.

use sim::determinism::first_divergence;

use crate::divergence::render;
use crate::style::Style;

fn rendered(first: &[&str], second: &[&str]) -> String {
    let lines = |texts: &[&str]| -> Vec<String> { texts.iter().map(ToString::to_string).collect() };
    let found = first_divergence(&lines(first), &lines(second));
    render(&found.expect("the runs differ"), Style::PLAIN)
}

#[test]
fn both_lines_are_shown_with_what_came_before_and_a_marker_where_they_part() {
    let text = rendered(
        &[
            "#0 0ns store starts",
            "#1 5ns store wakes",
            "#2 7ns store syncs log",
        ],
        &[
            "#0 0ns store starts",
            "#1 5ns store wakes",
            "#2 7ns store syncs wal",
        ],
    );
    insta::assert_snapshot!(text, @r"
    The same inputs gave two runs: they part at event 2.

      both    #0 0ns store starts
      both    #1 5ns store wakes
    ✗ first   #2 7ns store syncs log
    ✗ second  #2 7ns store syncs wal
                                 ^
    ");
}

#[test]
fn a_run_that_had_ended_is_said_to_have_ended() {
    let text = rendered(&["#0 0ns store starts"], &[]);
    insta::assert_snapshot!(text, @r"
    The same inputs gave two runs: they part at event 0.

    nothing in common before it
    ✗ first   #0 0ns store starts
    ✗ second  (had ended)
    ");
}
