//! `realtime-resume`: users watch on several devices, and see the same on each.

use std::collections::BTreeMap;

use model::defects::{Defect, Defects};
use reports::Seed;
use scenarios::file;
use scenarios::given::Given;
use scenarios::run::JUDGEMENT_ONLY;
use scenarios::seeds::RunSeeds;
use scenarios::setup::Setup;
use sim::record::value::Value;

use super::story::Story;

/// What each device has shown, in its order.
fn shown(story: &Story) -> BTreeMap<&str, Vec<&str>> {
    let mut shown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let notes = story.record().notes.iter();
    for note in notes.filter(|note| note.name == "notification_shown") {
        let source = note.detail.text("source");
        shown.entry(&note.node).or_default().push(source);
    }
    shown
}

#[test]
fn the_devices_of_a_user_show_the_same_whatever_happened_to_their_streams() {
    let story = Story::of("realtime-resume", 1);
    let shown = shown(&story);
    assert_eq!(shown.len(), 6);
    for (one, other) in [(1, 2), (3, 4), (5, 6)] {
        let of = |number: i32| &shown[format!("listener-{number}").as_str()];
        assert_eq!(of(one), of(other));
        assert!(of(one).len() > 20, "{} shown", of(one).len());
    }
    // One device is cut off for a while, one is slow; nobody else's streams are closed for it.
    let closed = story.notes("stream_closed").into_iter();
    let slow = closed.filter(|(_, it)| it.text("why") == "it is too slow");
    assert!({ slow }.all(|(_, it)| it.text("user") != "user-1"));
}

#[test]
fn a_message_goes_to_one_user_to_some_or_to_all() {
    let story = Story::of("realtime-resume", 1);
    let mut told = BTreeMap::new();
    for row in story.table("notifications") {
        *told.entry(row.text("source")).or_insert(0_usize) += 1;
    }
    let mut sizes = Vec::new();
    for sent in story.asked("notify") {
        let key = sent.input.text("key");
        sizes.push(told.get(key).copied().unwrap_or(0));
    }
    sizes.sort_unstable();
    sizes.dedup();
    assert_eq!(sizes, [1, 2, 3]);
}

#[test]
fn what_is_marked_on_one_device_is_read_on_the_other() {
    let story = Story::of("realtime-resume", 1);
    assert!(!story.asked("mark_read").is_empty());
    for inbox in story.table("inboxes") {
        let of_user = |row: &&Value| row.text("user") == inbox.text("user");
        let badges = story.table("listeners").iter().filter(of_user);
        for device in badges {
            assert_eq!(device.get("badge"), inbox.get("unread"), "{device}");
        }
    }
}

/// A notification is lost with its number, so the streams of its user wait for what never comes. Where they do not
/// notice that their devices leave, hundreds pile up and read for ever: twelve million events instead of half a one.
#[test]
fn a_stream_that_waits_for_what_never_comes_ends_with_its_device() {
    let setup = Setup {
        selected: file::select("chaos-realtime", &[]).expect("a built-in scenario is valid"),
        seeds: RunSeeds::of(Seed(2)),
        defects: Defects::of([Defect::NotificationStoredOutsideTxn]),
        given: Given::NOTHING,
    };
    let events = setup.run(JUDGEMENT_ONLY).record.events;
    assert!(events < 3_000_000, "{events} events");
}
