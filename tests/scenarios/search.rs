//! `search-lag` and `audit-queries`: views that are asked while what they show changes.

use std::collections::BTreeSet;

use sim::record::value::Value;

use super::story::Story;

fn list(value: &Value) -> &[Value] {
    match value {
        Value::List(values) => values,
        _ => &[],
    }
}

#[test]
fn a_re_index_under_load_ends_with_every_asset_that_is_there_and_none_that_is_gone() {
    let story = Story::of("search-lag", 1);
    let names = |table| -> BTreeSet<&str> {
        let rows = story.table(table).iter();
        rows.map(|row| row.text("asset")).collect()
    };
    assert_eq!(names("search_index"), names("assets"));
    let ever: BTreeSet<&str> = names("outbox");
    let gone = ever.difference(&names("assets")).count();
    assert!(gone > 5, "{gone} assets are gone");
    let built = story.notes("search_reindexed").into_iter();
    let built = built.filter(|(_, it)| *it.get("answers") == Value::from(true));
    let built = built.count();
    assert!(built >= 3, "{built} re-indexes came to their end");
    assert!(story.reached("reindex_raced_an_update"));
}

/// How long ago the oldest change was made that an answer does not have, for each answer; nothing when it
/// has them all.
fn lags(story: &Story) -> Vec<Option<i64>> {
    let answers = story.asked("search");
    let answered = answers.iter().filter(|it| it.ok);
    answered
        .map(|it| it.answer.get("lag_ms").as_int())
        .collect()
}

#[test]
fn a_search_says_whether_something_is_missing_and_for_how_long() {
    let held_up = lags(&Story::of("search-lag", 1));
    assert!(
        held_up.iter().any(|lag| *lag > Some(1_000)),
        "nothing is missing for long: {held_up:?}"
    );
    let left_alone = lags(&Story::with("search-lag", &["faults.plan=[]"], 1));
    assert!(
        left_alone.contains(&None),
        "something is always missing: {left_alone:?}"
    );
}

#[test]
fn the_pages_of_a_query_follow_each_other_by_asset_by_actor_and_by_time() {
    let story = Story::of("audit-queries", 1);
    let pages = story.asked("page_audit");
    for by in ["asset", "actor", "time"] {
        let of_scope = pages.iter().filter(|it| it.input.text("by") == by);
        let full = of_scope
            .clone()
            .filter(|it| list(it.answer.get("page")).len() == 4);
        assert!(full.count() > 0, "{by}: a page is full");
        let later = of_scope.filter(|it| it.input.get("after").as_int() > Some(0));
        assert!(later.count() > 0, "{by}: a page follows another");
    }
}
