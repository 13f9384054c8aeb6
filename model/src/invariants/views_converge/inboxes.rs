//! Users' inboxes and devices.
//!
//! Each event has made one notification of each user whom it concerns, and so has each message for whoever
//! it was sent to, once its sender was told; there is no other. A user's notifications are numbered from 1
//! without gap, and the inbox counts them, and the unread ones. A page of an inbox has what follows, up to
//! the last that somebody had been told of before the page was asked for. What a user was told is marked is read. A
//! device has shown each notification of its user and nothing else, and its badge shows the count.

use std::collections::{BTreeMap, BTreeSet};

use sim::check::Evidence;
use sim::record::Record;
use sim::record::history::Operation;
use sim::record::value::Value;

use crate::core::realtime::inbox::PAGE;
use crate::invariants::list;
use crate::realtime::audience::Audience;
use crate::realtime::notification::Mark;
use crate::webhooks::event;

/// A user's notifications by number: the source, and whether it is unread.
type Inbox<'a> = BTreeMap<i64, (&'a str, bool)>;

struct Truth<'a> {
    users: Vec<String>,
    by_user: BTreeMap<&'a str, Inbox<'a>>,
}

pub(super) fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let inboxes = record.facts.table("inboxes")?;
    if inboxes.is_empty() {
        // There are no users.
        return Ok(Vec::new());
    }
    let rows = record.facts.table("notifications")?;
    let devices = record.facts.table("listeners")?;
    let mut truth = Truth {
        users: inboxes
            .iter()
            .map(|row| row.text("user").to_owned())
            .collect(),
        by_user: BTreeMap::new(),
    };
    truth.users.sort_unstable();
    let mut evidence = Vec::new();
    for row in rows {
        let number = row.get("number").as_int().unwrap_or(0);
        let told = (row.text("source"), !row.get("unread").is_null());
        let inbox = truth.by_user.entry(row.text("user")).or_default();
        if let Some((other, _)) = inbox.insert(number, told) {
            let claim = format!("it has the number {number}, and so has {other}");
            evidence.push(Evidence::new(row.text("notification"), claim));
        }
    }
    evidence.extend(inboxes.iter().filter_map(|row| miscounted(row, &truth)));
    evidence.extend(untold(record, &truth)?);
    evidence.extend(unmarked(record, &truth));
    evidence.extend(mislisted(record, &truth));
    for device in devices {
        evidence.extend(misshown(record, device, &truth));
    }
    Ok(evidence)
}

impl Truth<'_> {
    fn of(&self, user: &str) -> impl Iterator<Item = (i64, &str, bool)> {
        let inbox = self.by_user.get(user).into_iter().flatten();
        inbox.map(|(number, (source, unread))| (*number, *source, *unread))
    }

    fn unread(&self, user: &str) -> i64 {
        self.of(user).filter(|(.., unread)| *unread).count() as i64
    }
}

/// An inbox that does not count its notifications.
fn miscounted(row: &Value, truth: &Truth<'_>) -> Option<Evidence> {
    let user = row.text("user");
    let numbers: Vec<i64> = truth.of(user).map(|(number, ..)| number).collect();
    let (last, unread) = (row.get("last").as_int(), row.get("unread").as_int());
    let claim = if !numbers.iter().copied().eq(1..=numbers.len() as i64) {
        format!(
            "its {} notifications have a gap in their numbers",
            numbers.len()
        )
    } else if last != Some(numbers.len() as i64) {
        format!("it has {} notifications and counts {last:?}", numbers.len())
    } else if unread != Some(truth.unread(user)) {
        let there = truth.unread(user);
        format!("{there} of its notifications are unread and it counts {unread:?}")
    } else {
        return None;
    };
    Some(Evidence::new(user, claim))
}

/// Users who were not told what concerns them, and those who were told what does not.
fn untold(record: &Record, truth: &Truth<'_>) -> Result<Vec<Evidence>, String> {
    // By user and source: whether it must be there, or may.
    let mut owed: BTreeMap<(String, String), bool> = BTreeMap::new();
    for row in record.facts.table("outbox")? {
        let source = event::id(row.get("position").as_int().unwrap_or(-1));
        let audience = Audience::of_event(row.text("kind"), row.text("asset"), &truth.users);
        for user in audience.members(&truth.users) {
            owed.insert((user.to_owned(), source.clone()), true);
        }
    }
    for (_, operation) in record.history.iter() {
        for user in addressed(operation, truth) {
            let source = operation.input.text("key").to_owned();
            *owed.entry((user, source)).or_default() |= operation.is_ok();
        }
    }
    let mut evidence = Vec::new();
    let mut told = BTreeSet::new();
    for user in truth.by_user.keys() {
        for (_, source, _) in truth.of(user) {
            let known = ((*user).to_owned(), source.to_owned());
            if !owed.contains_key(&known) {
                let claim = format!("it was told of {source}, which does not concern it");
                evidence.push(Evidence::new(*user, claim));
            }
            told.insert(known);
        }
    }
    for (user, source) in { owed.iter() }
        .filter(|(it, must)| **must && !told.contains(*it))
        .map(|(it, _)| it)
    {
        let claim = format!("it was never told of {source}");
        evidence.push(Evidence::new(user.as_str(), claim));
    }
    Ok(evidence)
}

/// To whom an operation sends a message.
fn addressed(operation: &Operation, truth: &Truth<'_>) -> Vec<String> {
    if operation.function != "notify" {
        return Vec::new();
    }
    let to = list(operation.input.get("to")).iter();
    let to: Vec<&str> = to.filter_map(Value::as_text).collect();
    let users = truth.users.iter();
    users
        .filter(|user| to.contains(&"*") || to.contains(&user.as_str()))
        .cloned()
        .collect()
}

/// What somebody was told is marked, and is not.
fn unmarked(record: &Record, truth: &Truth<'_>) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for (id, operation) in record.history.iter() {
        if operation.function != "mark_read" || !operation.is_ok() {
            continue;
        }
        let (input, number) = (&operation.input, operation.input.get("number").as_int());
        let Some(number) = number else { continue };
        let mark = match input.text("mark") {
            "one" => Mark::One(number),
            _ => Mark::UpTo(number),
        };
        let user = input.text("user");
        let left = truth.of(user).find(|it| it.2 && mark.covers(it.0));
        evidence.extend(left.map(|(number, ..)| {
            let claim =
                format!("it was told that notification {number} is marked, and it is unread");
            Evidence::new(user, claim).shown_by(id)
        }));
    }
    evidence
}

/// Pages that are not what follows in the inbox, or end too early.
fn mislisted(record: &Record, truth: &Truth<'_>) -> Vec<Evidence> {
    let sent: Vec<&Operation> = { record.history.iter() }
        .map(|(_, operation)| operation)
        .filter(|operation| operation.function == "notify" && operation.is_ok())
        .collect();
    let mut evidence = Vec::new();
    for (id, page) in record.history.iter() {
        let Some(answer) = page
            .answer()
            .filter(|_| page.function == "list_notifications")
        else {
            continue;
        };
        let (user, after) = (page.input.text("user"), page.input.get("after").as_int());
        let after = after.unwrap_or(0);
        let known = { sent.iter() }
            .filter(|it| it.completed.is_some_and(|at| at < page.invoked))
            .map(|it| it.input.text("key"));
        let known: BTreeSet<&str> = known.collect();
        let listed: Vec<(i64, &str)> = { list(answer.get("notifications")).iter() }
            .map(|it| (it.get("number").as_int().unwrap_or(0), it.text("source")))
            .collect();
        let follows = truth.of(user).filter(|(number, ..)| *number > after);
        let follows: Vec<(i64, &str)> =
            follows.map(|it| (it.0, it.1)).take(PAGE as usize).collect();
        let must = follows
            .iter()
            .rposition(|(_, source)| known.contains(source));
        let claim = if !follows.starts_with(&listed) {
            format!("a page behind {after} is not what follows in the inbox")
        } else if must.is_some_and(|last| last >= listed.len()) {
            format!("a page behind {after} leaves out what its sender knew to be there")
        } else {
            continue;
        };
        evidence.push(Evidence::new(user, claim).shown_by(id));
    }
    evidence
}

/// A device that does not show what is in its user's inbox.
fn misshown(record: &Record, device: &Value, truth: &Truth<'_>) -> Vec<Evidence> {
    let (name, user) = (device.text("listener"), device.text("user"));
    let notes = record.notes.iter();
    let shown = notes.filter(|it| it.name == "notification_shown" && it.node == name);
    let shown: Vec<(i64, &str)> = shown
        .map(|it| {
            let number = it.detail.get("number").as_int().unwrap_or(0);
            (number, it.detail.text("source"))
        })
        .collect();
    let truth_of: BTreeMap<i64, &str> = truth.of(user).map(|it| (it.0, it.1)).collect();
    let mut evidence = Vec::new();
    for (number, source) in &shown {
        if truth_of.get(number) != Some(source) {
            let there = truth_of.get(number).unwrap_or(&"nothing");
            let claim = format!("it showed {source} as notification {number}, which is {there}");
            evidence.push(Evidence::new(name, claim));
        }
    }
    let numbers: BTreeSet<i64> = shown.iter().map(|(number, _)| *number).collect();
    for number in truth_of.keys().filter(|it| !numbers.contains(it)) {
        let claim = format!("it has not shown notification {number}");
        evidence.push(Evidence::new(name, claim));
    }
    let badge = device.get("badge").as_int();
    if badge != Some(truth.unread(user)) {
        let there = truth.unread(user);
        let claim = format!("{there} notifications are unread and its badge is {badge:?}");
        evidence.push(Evidence::new(name, claim));
    }
    evidence
}
