//! Criterion 3: what was told, to whom, when, and whether it was true.
//!
//! The rhythm is that of public guidelines for incident calls: customers hear within five minutes, know the scope five
//! minutes later, and never wait longer than twenty unless they were told so.

use model::incident::action::Action;
use model::incident::cause::CauseKind;
use model::incident::episode::{LENGTH, Outcome};

use super::{Judged, Lost, Marker};
use crate::document::Item;
use crate::evidence::Evidence;
use crate::submission::malformed::cut;
use crate::submission::update::{Audience, Status, Update};
use crate::submission::{Submission, UPDATES};

const MINUTE: u64 = 60;

/// By how much a promised time may be missed.
const GRACE: u64 = 2 * MINUTE;

type Wrong = Option<(String, i64)>;

fn wrong(at_s: u64, told: impl Into<String>) -> Wrong {
    Some((told.into(), at_s as i64))
}

struct Told<'a> {
    submission: &'a Submission,
    outcome: &'a Outcome,
    external: Vec<&'a Update>,
    internal: Vec<&'a Update>,
}

/// Judges it.
pub fn judge(marker: &Marker, submission: &Submission, outcome: &Outcome) -> Vec<Item> {
    let to = |audience: Audience| {
        let updates = submission.updates.iter();
        updates
            .filter(|update| update.audience == audience)
            .collect::<Vec<_>>()
    };
    let told = Told {
        submission,
        outcome,
        external: to(Audience::External),
        internal: to(Audience::Internal),
    };
    let items: [(&str, u32, Wrong); 11] = [
        ("first", 20, told.first()),
        ("scope", 20, told.scope()),
        ("rhythm", 25, told.rhythm(&told.external, 20 * MINUTE)),
        ("colleagues", 15, told.rhythm(&told.internal, 30 * MINUTE)),
        ("next_update", 20, told.next_update()),
        ("figures_told", 10, told.figures_told()),
        ("figures_true", 20, told.figures_true()),
        ("actions", 15, told.actions()),
        ("customers", 20, told.customers()),
        ("status", 15, told.status()),
        ("closure", 20, told.closure()),
    ];
    items
        .into_iter()
        .map(|(name, points, wrong)| {
            let id = format!("communication.{name}");
            let evidence = vec![Evidence::submitted(UPDATES, "all")];
            let lost = wrong.map(|(told, at_s)| {
                let entries = entries_at(submission, at_s).into_iter();
                entries.fold(marker.lost_at(told, at_s), |lost, it| lost.seen(it))
            });
            let lost = match name {
                "figures_true" => lost.map(|lost| figures_at(outcome, submission, lost)),
                _ => lost,
            };
            Judged::of(&id, points, evidence).all_or_nothing(lost)
        })
        .collect()
}

/// The updates of a second, by their place in the file.
fn entries_at(submission: &Submission, at_s: i64) -> Vec<Evidence> {
    let updates = submission.updates.iter().zip(1..);
    updates
        .filter(|(update, _)| update.at_s as i64 == at_s)
        .map(|(_, number): (_, usize)| Evidence::submitted(UPDATES, number.to_string()))
        .collect()
}

/// What the figures were that the updates of the moment of a loss told.
fn figures_at(outcome: &Outcome, submission: &Submission, lost: Lost) -> Lost {
    let moment = lost.evidence.iter().find_map(|it| match it {
        Evidence::Moment { at_s } => Some(*at_s),
        _ => None,
    });
    let updates = submission.updates.iter();
    let told = updates.filter(|update| Some(update.at_s as i64) == moment);
    let names = told.flat_map(|update| update.impact.iter().map(|impact| &impact.metric));
    let sample = moment.and_then(|at_s| outcome.sample_at(at_s).map(|sample| (at_s, sample)));
    let was = names.filter_map(|name| {
        let (at_s, sample) = sample?;
        Some(Evidence::Figure {
            name: name.clone(),
            at_s,
            thousandths: sample.metric_in_thousandths(name)?,
        })
    });
    was.collect::<Vec<_>>().into_iter().fold(lost, Lost::seen)
}

impl Told<'_> {
    fn silence(&self) -> Wrong {
        match self.external.is_empty() {
            true => wrong(0, "customers were told nothing"),
            false => None,
        }
    }

    fn first(&self) -> Wrong {
        self.silence().or_else(|| {
            let at = self.external[0].at_s;
            (at > 5 * MINUTE).then(|| {
                (
                    format!("customers hear at {at} s; 300 s at the latest"),
                    at as i64,
                )
            })
        })
    }

    fn scope(&self) -> Wrong {
        self.silence().or_else(|| {
            let by = self.external[0].at_s + 5 * MINUTE;
            let scoped = self.external.iter().find(|update| !update.scope.is_empty());
            match scoped {
                Some(update) if update.at_s <= by => None,
                Some(update) => wrong(
                    update.at_s,
                    format!("the scope is told at {} s, not by {by} s", update.at_s),
                ),
                None => wrong(by, "the scope was never told"),
            }
        })
    }

    /// Gaps of at most `longest`, or as long as the update before announced; until it is resolved or over.
    fn rhythm(&self, updates: &[&Update], longest: u64) -> Wrong {
        let Some(first) = updates.first() else {
            return wrong(0, "nothing was told");
        };
        if first.at_s > longest {
            return wrong(
                first.at_s,
                format!("the first update comes at {} s", first.at_s),
            );
        }
        for (place, update) in updates.iter().enumerate() {
            if update.status == Status::Resolved {
                break;
            }
            let promised = update.next_update_at_s.unwrap_or(0);
            let due = (update.at_s + longest).max(promised.saturating_add(GRACE));
            let next = updates.get(place + 1).map(|next| next.at_s);
            // What is due after the end of the episode cannot be missed in it; a promise for after it is no leave to be silent.
            let over = next.is_none() && update.at_s + longest >= LENGTH.as_secs();
            if !over && next.is_none_or(|next| next > due) {
                let due = due.min(LENGTH.as_secs());
                let told = format!("no update between {} s and {due} s", update.at_s);
                return wrong(due, told);
            }
        }
        None
    }

    fn next_update(&self) -> Wrong {
        self.silence().or_else(|| {
            [&self.external, &self.internal]
                .into_iter()
                .find_map(|updates| {
                    updates.iter().enumerate().find_map(|(place, update)| {
                        let next = updates.get(place + 1).map(|next| next.at_s);
                        keeps_promise(update, next)
                    })
                })
        })
    }

    fn figures_told(&self) -> Wrong {
        let mut updates = self.submission.updates.iter();
        let none = updates.all(|update| update.impact.is_empty());
        none.then(|| ("no figure was told".to_owned(), 0))
    }

    /// Every figure is what it was, and there is one.
    fn figures_true(&self) -> Wrong {
        for update in &self.submission.updates {
            for impact in &update.impact {
                let sample = self.outcome.sample_at(update.at_s as i64);
                let was = sample.and_then(|sample| sample.metric_in_thousandths(&impact.metric));
                let Some(was) = was else {
                    return wrong(
                        update.at_s,
                        format!("there is no figure `{}`", cut(&impact.metric)),
                    );
                };
                let said = impact.in_thousandths();
                if said.abs_diff(was).saturating_mul(10) > was {
                    let told = format!(
                        "{} was {}.{:03}, told as {}.{:03}",
                        impact.metric,
                        was / 1000,
                        was % 1000,
                        said / 1000,
                        said % 1000
                    );
                    return wrong(update.at_s, told);
                }
            }
        }
        self.figures_told()
    }

    fn actions(&self) -> Wrong {
        let mut named = 0;
        for update in &self.submission.updates {
            for name in &update.actions_now {
                let number = name
                    .strip_prefix("act-")
                    .and_then(|at| at.parse::<usize>().ok());
                let taken = number.and_then(|at| self.submission.actions.get(at.checked_sub(1)?));
                // An action is in progress from its entry on.
                if taken.is_none_or(|(at, _)| *at > update.at_s) {
                    return wrong(
                        update.at_s,
                        format!("`{}` was not taken by then", cut(name)),
                    );
                }
                named += 1;
            }
        }
        match named {
            0 => wrong(0, "no action was told"),
            _ => None,
        }
    }

    /// No estimate of the end and no names of machines for customers.
    fn customers(&self) -> Wrong {
        self.silence().or_else(|| {
            self.external.iter().find_map(|update| {
                if update.resolution_at_s.is_some() {
                    return wrong(update.at_s, "customers were told when it will be over");
                }
                let named = machine_in(&update.text.to_lowercase());
                named.and_then(|name| wrong(update.at_s, format!("customers were told `{name}`")))
            })
        })
    }

    fn status(&self) -> Wrong {
        self.silence().or_else(|| {
            let mut before = Status::Investigating;
            for update in &self.submission.updates {
                if update.status < before {
                    return wrong(update.at_s, "the status moved backward");
                }
                before = update.status;
                if update.status == Status::Resolved && !self.outcome.is_stable_at(update.at_s) {
                    return wrong(
                        update.at_s,
                        "resolved, and it had not been stable for ten minutes",
                    );
                }
            }
            let mut declared = self.submission.actions.iter();
            declared.find_map(|(at, action)| {
                let early =
                    *action == Action::DeclareResolved {} && !self.outcome.is_stable_at(*at);
                let told = "declared resolved, and it had not been stable for ten minutes";
                early.then(|| wrong(*at, told)).flatten()
            })
        })
    }

    fn closure(&self) -> Wrong {
        self.silence().or_else(|| {
            let last = self.external.last().expect("customers were told something");
            if last.status != Status::Resolved {
                return wrong(last.at_s, "customers were not told that it is over");
            }
            let truth = self.outcome.balance.loses();
            match last.data_lost {
                None => wrong(
                    last.at_s,
                    "the last update does not say whether data was lost",
                ),
                Some(said) if said != truth => {
                    wrong(last.at_s, format!("data lost: {truth}, told as {said}"))
                }
                Some(_) => None,
            }
        })
    }
}

fn keeps_promise(update: &Update, next: Option<u64>) -> Wrong {
    if update.status == Status::Resolved {
        return None;
    }
    let Some(promised) = update.next_update_at_s else {
        return wrong(update.at_s, "no time of the next update");
    };
    if promised <= update.at_s {
        return wrong(update.at_s, "the next update is promised for the past");
    }
    if promised > LENGTH.as_secs() {
        return None;
    }
    match next {
        Some(next) if next <= promised + GRACE => None,
        _ => wrong(
            promised,
            format!(
                "no update by {promised} s, as promised at {} s",
                update.at_s
            ),
        ),
    }
}

/// Nodes of the system that are at no fault here and no customer's business either.
const NODES: [&str; 3] = ["core-", "ledger-", "node-"];

/// The first name of a machine or of a thing of the catalogue in a text: its kind with a number, such as `site-12`.
fn machine_in(text: &str) -> Option<String> {
    let catalogue = CauseKind::ALL.map(|kind| kind.description().target);
    let prefixes = catalogue.into_iter().chain(NODES);
    prefixes
        .flat_map(|prefix| text.match_indices(prefix))
        .find_map(|(at, prefix)| {
            let part = |c: char| c.is_alphanumeric();
            let begins = !text[..at].ends_with(part);
            let rest = &text[at + prefix.len()..];
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let whole = begins && digits > 0 && !rest[digits..].starts_with(part);
            whole.then(|| format!("{prefix}{}", cut(&rest[..digits])))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_machines_are_found_whatever_the_case_is_about() {
        for (text, expected) in [
            ("core-3 is slow", Some("core-3")),
            ("look at verify-11.", Some("verify-11")),
            ("endpoint-2, and others", Some("endpoint-2")),
            ("behind ledger-1", Some("ledger-1")),
            ("we verify-1x", None),
            ("website-1 is our customers' name", None),
            ("a change-over of site-wide rules", None),
            ("", None),
        ] {
            assert_eq!(machine_in(text).as_deref(), expected, "{text}");
        }
    }
}
