//! Figures of speed, for people and machines.

use crate::bench::{BenchDocument, Measured, Took};
use crate::schema::Document;
use crate::style::Style;

fn document() -> BenchDocument {
    let took = Took {
        wall_s: 2.0,
        processor_s: 0.5,
    };
    let measured = vec![
        Measured::new("chaos, 40 seeds", 24.04, "runs/s")
            .took(took)
            .at_least(300.0),
        Measured::new("", 123_456.7, "events/s"),
        Measured::new("an incident", 1.234, "s").at_most(3.0),
    ];
    BenchDocument::of(measured, false)
}

#[test]
fn figures_stand_beside_what_they_are_meant_to_be() {
    insta::assert_snapshot!(document().to_text(Style::PLAIN), @r"
    release build, one process
    chaos, 40 seeds     24.0  runs/s    ✗ at least 300  in 0.50 s of processor time, 2.00 s of wall time
                     123,457  events/s
    an incident         1.23  s         ✓ at most 3.00
    ");
}

#[test]
fn a_bound_that_is_met_exactly_is_kept_on_either_side() {
    for (figure, at_least, at_most) in [(2.9, false, true), (3.0, true, true), (3.1, true, false)] {
        let measured = Measured::new("x", figure, "s");
        let kept = |measured: Measured| measured.budget.expect("it has one").kept;
        assert_eq!(kept(measured.clone().at_least(3.0)), at_least, "{figure}");
        assert_eq!(kept(measured.at_most(3.0)), at_most, "{figure}");
    }
}

#[test]
fn figures_read_back_from_their_document() {
    let line = document().to_line();
    assert!(
        line.starts_with(r#"{"schema":"proveniq/bench/v1","build":"release""#),
        "{line}"
    );
    assert_eq!(
        BenchDocument::parse(&line).expect("just written"),
        document()
    );
}
