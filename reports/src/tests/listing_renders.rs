//! Listings for people and machines.

use crate::listing::{ListDocument, Listing, Row};
use crate::schema::Document;
use crate::style::Style;

fn listing() -> Listing {
    Listing {
        title: "Checks".to_owned(),
        rows: vec![
            Row::new(
                "link_agreement",
                "eventually",
                "the Ledger and the device agree on each link",
            ),
            Row::new(
                "slo_met",
                "always",
                "the scenario's latency objectives are met, and what failed counts as infinite",
            ),
        ],
    }
}

#[test]
fn a_listing_aligns_and_wraps() {
    let style = Style {
        width: 72,
        ..Style::PLAIN
    };
    insta::assert_snapshot!(listing().to_text(style), @r"
    Checks
      link_agreement  eventually  the Ledger and the device agree on each
                                  link
      slo_met         always      the scenario's latency objectives are met,
                                  and what failed counts as infinite
    ");
}

#[test]
fn an_empty_listing_says_so_and_kinds_take_no_room_when_there_are_none() {
    let mut listing = listing();
    listing.rows.truncate(1);
    listing.rows[0].kind.clear();
    insta::assert_snapshot!(listing.to_text(Style::PLAIN), @r"
    Checks
      link_agreement  the Ledger and the device agree on each link
    ");
    listing.rows.clear();
    insta::assert_snapshot!(listing.to_text(Style::PLAIN), @r"
    Checks
      none
    ");
}

#[test]
fn a_listing_reads_back_from_its_document() {
    let document = ListDocument::of(vec![listing()]);
    let line = document.to_line();
    assert!(line.starts_with(r#"{"schema":"proveniq/list/v1","listings":[{"title":"Checks""#));
    assert_eq!(
        ListDocument::parse(&line).expect("it was just written"),
        document
    );
}
