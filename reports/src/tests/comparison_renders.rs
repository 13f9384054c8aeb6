//! Variants of a scenario side by side.

use std::collections::BTreeMap;

use crate::comparison::{ComparisonDocument, Figures};
use crate::schema::{Document, Schema};
use crate::style::Style;

fn figures(variant: &str, p99_us: Option<u64>) -> Figures {
    Figures {
        variant: variant.to_owned(),
        set: Vec::new(),
        operations: 12_093,
        p50_us: Some(69_400),
        p99_us,
        changes_p99_us: Some(378_000),
        refused: 127,
        unknown: 0,
        turned_away: 3_295,
        ledger_reads: 11_532,
        waiting_max: 20,
        reads: 11_000,
        outdated_reads: 0,
        deliveries: 0,
        delivered_p50_us: None,
        delivered_p99_us: None,
        in_lanes: 0,
        in_busiest_lane: 0,
        registered: 0,
        registered_p90_us: None,
        requested: 0,
        requested_p90_us: None,
        deliveries_lost: 0,
        effects_repeated: 0,
        violated: BTreeMap::new(),
    }
}

fn comparison() -> ComparisonDocument {
    let naive = Figures {
        set: vec!["system.edge.waiting_max=1000000".to_owned()],
        violated: [("queue_bounded".to_owned(), 2)].into(),
        ..figures("naive", None)
    };
    ComparisonDocument {
        schema: Schema::new(),
        scenario: "backlog-surge".to_owned(),
        seeds: 3,
        variants: vec![naive, figures("mitigated", Some(3_300_000))],
    }
}

#[test]
fn variants_stand_side_by_side_and_what_no_variant_has_is_left_out() {
    insta::assert_snapshot!(comparison().to_text(Style::PLAIN), @r"
    backlog-surge  3 seeds each

                      naive  mitigated
    operations       12,093     12,093  what users asked for
    p50             69.4 ms    69.4 ms  what they waited for an answer, retries included
    p99                   ∞      3.3 s  the same, of the slowest hundredth
    p99 of changes   378 ms     378 ms  the same, of registrations, renames and edits
    refused             127        127  for good: conflicts, and things that are not there
    unknown               0          0  given up without an answer
    turned away       3,295      3,295  attempts that were told to come back (429, 503)
    waiting, most        20         20  requests at one instance's edge
    Ledger reads     11,532     11,532  of assets

    naive: system.edge.waiting_max=1000000
      ✗ queue_bounded did not hold in 2 of 3
    mitigated: the scenario as it stands
    ");
}

#[test]
fn the_document_reads_back() {
    let line = comparison().to_line();
    assert_eq!(ComparisonDocument::parse(&line).ok(), Some(comparison()));
}
