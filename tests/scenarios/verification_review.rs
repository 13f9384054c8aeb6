//! `verification-review`: evidence that does not tell waits for a person, poison for a decision.

use super::story::Story;

#[test]
fn every_verification_ends_where_its_evidence_or_a_person_says() {
    let story = Story::of("verification-review", 1);
    let mut seen = [0, 0, 0];
    for row in story.table("verifications") {
        let asset = row.text("asset");
        let retries = row.get("retries").as_int();
        match row.text("state") {
            "verified" => seen[0] += 1,
            "rejected" => {
                seen[1] += 1;
                assert!(story.audit(asset).contains(&"rejected"), "{row}");
            }
            "dead" => {
                seen[2] += 1;
                assert_eq!(retries, Some(5), "{row}");
                let letters = story.about("dead_letters", asset);
                let subject = row.text("verification");
                assert!(letters.iter().any(|it| it.text("subject") == subject));
            }
            other => panic!("{other} for ever: {row}"),
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn a_person_takes_hours_and_nothing_else_waits_for_them() {
    let story = Story::of("verification-review", 1);
    let ended = |action: &str| {
        let entries = story.table("audit").iter();
        let entries = entries.filter(|it| it.text("action") == action);
        entries
            .filter_map(|it| it.get("at").as_int())
            .collect::<Vec<_>>()
    };
    const HOUR: i64 = 3_600_000;
    let began = ended("created").into_iter().min().expect("some began");
    let verified = ended("verified");
    let late = verified.iter().filter(|at| **at - began > HOUR).count();
    let soon = verified.iter().filter(|at| **at - began < HOUR / 2).count();
    assert!(late > 0 && soon > 0, "{late} late, {soon} soon");
    assert!(story.reached("verification_was_reviewed"));
}
