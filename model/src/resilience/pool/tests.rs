//! The accounting of a pool against tables, and against owners that count their connections.

use proptest::prelude::*;

use super::*;

#[test]
fn a_returned_connection_is_used_again_and_a_discarded_one_is_not() {
    let mut pool = PoolState::new(2);
    assert_eq!(pool.acquire(), Acquired::Granted(Grant::Fresh));
    assert_eq!(pool.acquire(), Acquired::Granted(Grant::Fresh));
    assert_eq!((pool.release('a'), pool.release('b')), (None, None));
    assert_eq!((pool.busy(), pool.idle()), (0, 2));
    assert_eq!(pool.acquire(), Acquired::Granted(Grant::Reused('b')));
    assert_eq!(pool.discard(), None);
    assert_eq!(pool.acquire(), Acquired::Granted(Grant::Reused('a')));
    assert_eq!(pool.acquire(), Acquired::Granted(Grant::Fresh));
}

#[test]
fn who_waits_gets_what_the_next_one_leaves() {
    let mut pool = PoolState::new(1);
    assert_eq!(pool.acquire(), Acquired::Granted(Grant::Fresh));
    let [first, second] = [0, 1].map(|_| match pool.acquire() {
        Acquired::Queued(ticket) => ticket,
        Acquired::Granted(_) => panic!("there is one connection only"),
    });
    assert_eq!(pool.release('a'), Some(first));
    assert_eq!(pool.collect(second), None, "it is not its turn");
    assert_eq!(pool.collect(first), Some(Grant::Reused('a')));
    assert_eq!(pool.discard(), Some(second));
    assert_eq!(pool.collect(second), Some(Grant::Fresh));
}

#[derive(Clone, Debug)]
enum Action {
    Acquire,
    Release(prop::sample::Index),
    Discard(prop::sample::Index),
    Collect(prop::sample::Index),
    Withdraw(prop::sample::Index),
}

fn action() -> impl Strategy<Value = Action> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => Just(Action::Acquire),
        2 => index().prop_map(Action::Release),
        1 => index().prop_map(Action::Discard),
        2 => index().prop_map(Action::Collect),
        1 => index().prop_map(Action::Withdraw),
    ]
}

/// A world of connections around a pool: every one that was opened is leased, idle or closed.
struct Owners {
    pool: PoolState<u32>,
    leased: Vec<u32>,
    waiting: Vec<Ticket>,
    opened: u32,
    closed: u32,
}

impl Owners {
    fn take(&mut self, grant: Grant<u32>) {
        let connection = match grant {
            Grant::Reused(connection) => connection,
            Grant::Fresh => {
                self.opened += 1;
                self.opened
            }
        };
        self.leased.push(connection);
    }

    fn act(&mut self, action: &Action) {
        let (leased, waiting) = (self.leased.len(), self.waiting.len());
        match action {
            Action::Acquire => match self.pool.acquire() {
                Acquired::Granted(grant) => self.take(grant),
                Acquired::Queued(ticket) => self.waiting.push(ticket),
            },
            Action::Release(which) if leased > 0 => {
                let connection = self.leased.remove(which.index(leased));
                self.pool.release(connection);
            }
            Action::Discard(which) if leased > 0 => {
                self.leased.remove(which.index(leased));
                self.closed += 1;
                self.pool.discard();
            }
            Action::Collect(which) if waiting > 0 => {
                let place = which.index(waiting);
                if let Some(grant) = self.pool.collect(self.waiting[place]) {
                    self.waiting.remove(place);
                    self.take(grant);
                }
            }
            Action::Withdraw(which) if waiting > 0 => {
                let ticket = self.waiting.remove(which.index(waiting));
                self.pool.withdraw(ticket);
            }
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn connections_stay_within_the_maximum_and_none_is_lost_or_leased_twice(
        max in 1_u32..5,
        actions in prop::collection::vec(action(), 1..150),
    ) {
        let mut owners = Owners {
            pool: PoolState::new(max),
            leased: Vec::new(),
            waiting: Vec::new(),
            opened: 0,
            closed: 0,
        };
        for action in actions {
            owners.act(&action);
            let open = owners.opened - owners.closed;
            prop_assert!(open <= max);
            prop_assert_eq!(owners.pool.busy() as usize, owners.leased.len());
            prop_assert_eq!(open, owners.pool.busy() + owners.pool.idle());
            let mut distinct = owners.leased.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), owners.leased.len());
        }
    }
}
