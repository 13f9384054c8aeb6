//! Whom something concerns: one user, several, or all.
//!
//! Each asset has a keeper, and a deputy for what two should know; both follow from its name, so that
//! whoever asks gets the same answer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// To whom a notification goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// One user.
    User(String),
    /// Several users; one who is named twice is told once.
    Users(Vec<String>),
    /// Everybody: a broadcast.
    Everybody,
}

/// The names of so many users, in order.
pub fn users(count: u32) -> Vec<String> {
    let digits = count.to_string().len();
    let name = |number| format!("user-{number:0digits$}");
    (1..=count).map(name).collect()
}

impl Audience {
    /// Whom an event concerns: its asset's keeper, the deputy too when it was verified, everybody when
    /// something is amiss with it or it is gone.
    pub fn of_event(kind: &str, asset: &str, users: &[String]) -> Audience {
        let keeper = place(asset, users.len());
        match kind {
            "asset.rejected" | "asset.deleted" => Audience::Everybody,
            "asset.verified" => {
                let deputy = (keeper + 1) % users.len();
                Audience::Users(vec![users[keeper].clone(), users[deputy].clone()])
            }
            _ => Audience::User(users[keeper].clone()),
        }
    }

    /// Its members among the users there are, each once.
    pub fn members<'a>(&'a self, users: &'a [String]) -> BTreeSet<&'a str> {
        let named: &[String] = match self {
            Audience::User(user) => std::slice::from_ref(user),
            Audience::Users(some) => some,
            Audience::Everybody => users,
        };
        let named = named.iter().map(String::as_str);
        named
            .filter(|name| users.iter().any(|user| user == name))
            .collect()
    }

    /// As the history tells it: `*` for everybody.
    pub fn told(&self) -> Vec<&str> {
        match self {
            Audience::User(user) => vec![user],
            Audience::Users(some) => some.iter().map(String::as_str).collect(),
            Audience::Everybody => vec!["*"],
        }
    }
}

/// A place below the count that a name always has (32-bit FNV-1a).
fn place(name: &str, count: usize) -> usize {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    name.bytes().fold(2_166_136_261, step) as usize % count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(audience: &Audience, expected: &[&str]) {
        let all = users(3);
        let members: Vec<&str> = audience.members(&all).into_iter().collect();
        assert_eq!(members, expected, "{audience:?}");
    }

    #[test]
    fn an_audience_names_each_user_once_and_nobody_who_is_not_there() {
        let text = |name: &str| name.to_owned();
        check(&Audience::User(text("user-2")), &["user-2"]);
        check(&Audience::User(text("user-4")), &[]);
        let twice = ["user-3", "user-1", "user-3"].map(text).to_vec();
        check(&Audience::Users(twice), &["user-1", "user-3"]);
        check(&Audience::Everybody, &["user-1", "user-2", "user-3"]);
    }

    #[test]
    fn an_event_concerns_one_two_or_all_and_the_same_whoever_asks() {
        let all = users(3);
        for (kind, expected) in [
            ("asset.linked", 1),
            ("asset.verified", 2),
            ("asset.rejected", 3),
            ("asset.deleted", 3),
        ] {
            let audience = Audience::of_event(kind, "asset-a", &all);
            assert_eq!(audience.members(&all).len(), expected, "{kind}");
            assert_eq!(audience, Audience::of_event(kind, "asset-a", &all));
        }
        let keepers = (0..50).map(|number| place(&format!("asset-{number}"), 3));
        assert_eq!(keepers.collect::<BTreeSet<_>>().len(), 3, "all have some");
    }

    #[test]
    fn names_of_users_sort_as_they_are_counted() {
        assert!(users(12).is_sorted());
    }
}
