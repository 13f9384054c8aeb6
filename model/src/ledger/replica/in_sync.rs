//! Which replicas the primary waits for at a commit, as a plain value.
//!
//! A commit is confirmed once every replica of the *set* is durable up to it. The set is the operator's: whoever is in
//! it may become primary. So a replica that joins is waited for first and reported then, and one that is to leave is
//! waited for until the operator has taken it out (PacificA, Lin et al. 2008, has the same order of steps; the set is
//! Kafka's *in-sync replicas*). Start at [`InSync::replicated`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::engine::log::frame::Lsn;
use super::protocol::View;

/// A replica that was not heard for so long holds everybody up and is to leave the set.
pub const SILENT_MAX: Duration = Duration::from_millis(2_500);

/// Where each replica is, and whom to wait for.
#[derive(Clone, Debug)]
pub struct InSync {
    synchronous: bool,
    followers: BTreeMap<String, Follower>,
    /// The operator's set, and the number of the view it is from.
    set: BTreeSet<String>,
    view: u64,
    joining: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug)]
struct Follower {
    durable: Lsn,
    heard: Duration,
}

impl InSync {
    /// The set of a view.
    pub fn new(synchronous: bool, view: &View, now: Duration) -> InSync {
        let unheard = Follower {
            durable: Lsn(0),
            heard: now,
        };
        InSync {
            synchronous,
            followers: view
                .in_sync
                .iter()
                .map(|name| (name.clone(), unheard))
                .collect(),
            set: view.in_sync.iter().cloned().collect(),
            view: view.number,
            joining: BTreeSet::new(),
        }
    }

    /// A replica whose log is the beginning of the primary's, which ends at `end`, is durable up to a position.
    pub fn heard(&mut self, name: &str, durable: Lsn, end: Lsn, now: Duration) {
        let follower = self.followers.entry(name.to_owned()).or_insert(Follower {
            durable,
            heard: now,
        });
        follower.durable = follower.durable.max(durable);
        follower.heard = now;
        if self.synchronous && durable >= end && !self.set.contains(name) {
            self.joining.insert(name.to_owned());
        }
    }

    /// The operator's word; an older one than is known counts for nothing.
    pub fn confirm(&mut self, view: &View) {
        if view.number > self.view {
            self.view = view.number;
            self.set = view.in_sync.iter().cloned().collect();
            self.joining.retain(|name| !self.set.contains(name));
        }
    }

    /// Up to where everybody who counts is durable; the last position there is when nobody does.
    pub fn replicated(&self) -> Lsn {
        let required = self.set.iter().chain(&self.joining);
        let durable = |name| {
            self.followers
                .get(name)
                .map_or(Lsn(0), |it: &Follower| it.durable)
        };
        required.map(durable).min().unwrap_or(Lsn(u64::MAX))
    }

    /// The number of the view that is known.
    pub fn view(&self) -> u64 {
        self.view
    }

    /// Whom the operator is to take in.
    pub fn joining(&self) -> Vec<String> {
        self.joining.iter().cloned().collect()
    }

    /// Whom the operator is to take out.
    pub fn lagging(&self, now: Duration) -> Vec<String> {
        let silent = |name: &&String| {
            let heard = self.followers.get(*name).map(|it| it.heard);
            heard.is_none_or(|heard| now.saturating_sub(heard) > SILENT_MAX)
        };
        self.set.iter().filter(silent).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn view(number: u64, in_sync: &[&str]) -> View {
        View {
            number,
            epoch: 1,
            primary: "ledger".into(),
            in_sync: in_sync.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn commit_waits_for_every_member_of_the_set() {
        let mut in_sync = InSync::new(true, &view(3, &["a", "b"]), at(0));
        assert_eq!(in_sync.replicated(), Lsn(0), "nobody was heard yet");
        in_sync.heard("a", Lsn(70), Lsn(90), at(1));
        in_sync.heard("b", Lsn(50), Lsn(90), at(1));
        in_sync.heard("a", Lsn(60), Lsn(90), at(2));
        assert_eq!(in_sync.replicated(), Lsn(50));
        in_sync.heard("b", Lsn(80), Lsn(90), at(3));
        assert_eq!(
            in_sync.replicated(),
            Lsn(70),
            "what came late takes nothing back"
        );
    }

    #[test]
    fn who_has_caught_up_is_waited_for_before_the_operator_knows() {
        let mut in_sync = InSync::new(true, &view(1, &[]), at(0));
        assert_eq!(in_sync.replicated(), Lsn(u64::MAX), "alone");
        in_sync.heard("a", Lsn(80), Lsn(90), at(1));
        assert_eq!(
            (in_sync.joining(), in_sync.replicated()),
            (vec![], Lsn(u64::MAX))
        );
        in_sync.heard("a", Lsn(90), Lsn(90), at(1));
        assert_eq!(
            (in_sync.joining(), in_sync.replicated()),
            (vec!["a".to_owned()], Lsn(90))
        );
        in_sync.confirm(&view(2, &["a"]));
        assert_eq!((in_sync.joining(), in_sync.replicated()), (vec![], Lsn(90)));
        in_sync.confirm(&view(1, &[]));
        assert_eq!(
            in_sync.replicated(),
            Lsn(90),
            "an old word counts for nothing"
        );
    }

    #[test]
    fn who_is_silent_is_waited_for_until_the_operator_has_taken_it_out() {
        let mut in_sync = InSync::new(true, &view(1, &["a"]), at(0));
        in_sync.heard("a", Lsn(10), Lsn(90), at(100));
        assert_eq!(in_sync.lagging(at(2_600)), Vec::<String>::new());
        assert_eq!(in_sync.lagging(at(2_601)), ["a"]);
        assert_eq!(in_sync.replicated(), Lsn(10));
        in_sync.confirm(&view(2, &[]));
        assert_eq!(in_sync.replicated(), Lsn(u64::MAX));
    }

    #[test]
    fn asynchronous_primary_waits_for_nobody() {
        let mut in_sync = InSync::new(false, &view(1, &[]), at(0));
        in_sync.heard("a", Lsn(90), Lsn(90), at(1));
        assert_eq!(
            (in_sync.joining(), in_sync.replicated()),
            (vec![], Lsn(u64::MAX))
        );
    }
}
