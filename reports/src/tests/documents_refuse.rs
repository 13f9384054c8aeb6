//! What is no machine document, or not the one that was asked for, and texts that are no seed.

use super::documents_round_trip::documents;
use crate::schema::{Document, DocumentError};
use crate::seed::{Seed, SeedLine};

fn refusal<D: Document + std::fmt::Debug>(text: &str) -> String {
    D::parse(text).expect_err("it must be refused").to_string()
}

#[test]
fn another_version_or_kind_is_refused_by_its_name() {
    let (_, seed, sweep) = documents();
    let newer = seed.to_line().replacen("seed/v1", "seed/v2", 1);
    insta::assert_snapshot!(refusal::<SeedLine>(&newer), @"expected a `proveniq/seed/v1` document, found `proveniq/seed/v2`; write it again with this version of the program, or read it with the one that wrote it");
    let other = SeedLine::parse(&sweep.to_line());
    assert!(
        matches!(other, Err(DocumentError::OtherSchema { .. })),
        "{other:?}"
    );
}

#[test]
fn a_text_that_is_no_document_or_a_malformed_one_is_refused_with_the_place() {
    insta::assert_snapshot!(refusal::<SeedLine>("warning: 3 seeds left"), @"expected a `proveniq/seed/v1` document, found no JSON object with a `schema`: expected value at line 1 column 1");
    insta::assert_snapshot!(refusal::<SeedLine>("{}"), @"expected a `proveniq/seed/v1` document, found no JSON object with a `schema`: missing field `schema` at line 1 column 2");
    let line = documents().1.to_line();
    let misspelt = line.replacen("\"events\"", "\"evnets\"", 1);
    insta::assert_snapshot!(refusal::<SeedLine>(&misspelt), @"the document says it is `proveniq/seed/v1` but does not follow it: unknown field `evnets`, expected one of `schema`, `scenario`, `seed`, `verdict`, `fingerprint`, `violated`, `unknown`, `failure`, `lost_from_outside`, `led`, `operations`, `events`, `simulated_ms`, `reached`, `reproduce` at line 1 column 613");
    let number = line.replacen("\"0x2a\"", "42", 1);
    insta::assert_snapshot!(refusal::<SeedLine>(&number), @"the document says it is `proveniq/seed/v1` but does not follow it: invalid type: integer `42`, expected a string at line 1 column 63");
    let cut = &line[..line.len() / 2];
    assert!(SeedLine::parse(cut).is_err());
}

#[test]
fn a_seed_is_read_in_both_forms_and_written_in_one() {
    for (text, seed) in [
        ("42", Some(42)),
        ("0x2a", Some(42)),
        ("0X2A", Some(42)),
        ("0xffffffffffffffff", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("-1", None),
        ("+1", None),
        ("0x", None),
        ("0x+1", None),
        ("", None),
        ("2a", None),
    ] {
        assert_eq!(text.parse::<Seed>().ok(), seed.map(Seed), "{text:?}");
    }
    assert_eq!(Seed(42).to_string(), "0x2a");
}
