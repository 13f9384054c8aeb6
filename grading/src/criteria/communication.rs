//! Criterion 3: what was told, to whom, when, and whether it was true.
//!
//! The rhythm is that of public guidelines for incident calls: customers hear within five minutes, know the scope five
//! minutes later, and never wait longer than twenty unless they were told so.

use model::incident::case::Case;
use model::incident::episode::{LENGTH, Outcome};
use model::incident::stability::HOLD;

use super::Marker;
use crate::document::Item;
use crate::submission::Submission;
use crate::submission::update::{Audience, Status, Update};

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
    case: &'a Case,
    external: Vec<&'a Update>,
    internal: Vec<&'a Update>,
}

/// Judges it.
pub fn judge(
    marker: &Marker,
    submission: &Submission,
    outcome: &Outcome,
    case: &Case,
) -> Vec<Item> {
    let to = |audience: Audience| {
        let updates = submission.updates.iter();
        updates
            .filter(|update| update.audience == audience)
            .collect::<Vec<_>>()
    };
    let told = Told {
        submission,
        outcome,
        case,
        external: to(Audience::External),
        internal: to(Audience::Internal),
    };
    let items: [(&str, u32, Wrong); 10] = [
        ("first", 20, told.first()),
        ("scope", 20, told.scope()),
        ("rhythm", 25, told.rhythm(&told.external, 20 * MINUTE)),
        ("colleagues", 15, told.rhythm(&told.internal, 30 * MINUTE)),
        ("next_update", 20, told.next_update()),
        ("figures", 30, told.figures()),
        ("actions", 15, told.actions()),
        ("customers", 20, told.customers()),
        ("status", 15, told.status()),
        ("closure", 20, told.closure()),
    ];
    items
        .into_iter()
        .map(|(name, points, wrong)| {
            marker.predicate(&format!("communication.{name}"), points, wrong)
        })
        .collect()
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
            let announced = update.next_update_at_s.unwrap_or(0) + GRACE;
            let due = (update.at_s + longest).max(announced).min(LENGTH.as_secs());
            let next = updates.get(place + 1).map(|next| next.at_s);
            if next.unwrap_or(LENGTH.as_secs() + 1) > due {
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

    fn figures(&self) -> Wrong {
        let mut quoted = 0;
        for update in &self.submission.updates {
            for impact in &update.impact {
                let sample = self.outcome.sample_at(update.at_s as i64);
                let was = sample.and_then(|sample| sample.metric_in_thousandths(&impact.metric));
                let Some(was) = was else {
                    return wrong(
                        update.at_s,
                        format!("there is no figure `{}`", impact.metric),
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
                quoted += 1;
            }
        }
        match quoted {
            0 => wrong(0, "no figure was told"),
            _ => None,
        }
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
                    return wrong(update.at_s, format!("`{name}` was not taken by then"));
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
            let things = self.case.causes.iter().map(|cause| cause.parameter());
            let decoys = self.case.decoys.iter().map(|decoy| decoy.parameter());
            let names: Vec<String> = things.chain(decoys).collect();
            self.external.iter().find_map(|update| {
                if update.resolution_at_s.is_some() {
                    return wrong(update.at_s, "customers were told when it will be over");
                }
                let said = update.text.to_lowercase();
                let scope = update.scope.join(" ").to_lowercase();
                let named = names
                    .iter()
                    .find(|name| has_name(&said, name) || has_name(&scope, name));
                named.and_then(|name| wrong(update.at_s, format!("customers were told `{name}`")))
            })
        })
    }

    fn status(&self) -> Wrong {
        self.silence().or_else(|| {
            let mut before = Status::Investigating;
            let stable = self.outcome.stable_at_s;
            for update in &self.submission.updates {
                if update.status < before {
                    return wrong(update.at_s, "the status moved backward");
                }
                before = update.status;
                let early = stable.is_none_or(|at| update.at_s < at + HOLD.as_secs());
                if update.status == Status::Resolved && early {
                    let told = match stable {
                        Some(at) => format!(
                            "resolved before {} s, when it had been stable for ten minutes",
                            at + HOLD.as_secs()
                        ),
                        None => "resolved, and it was not stable".to_owned(),
                    };
                    return wrong(update.at_s, told);
                }
            }
            None
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

/// Whether a name stands in a text, not as a part of a longer one: `site-1` is not in `site-12`.
fn has_name(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let after = text[at + name.len()..].chars().next();
        !after.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}
