//! Watching: what is new for the users who are connected here is read and brought to their streams.
//!
//! One read serves all sessions of a user: it begins behind the one that has least. A read may find what
//! another has brought already, or miss what comes next; a stream takes what follows and nothing else.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use sim::random::Root;

use super::streams::Stream;
use super::{Realtime, storing};
use crate::defects::Defect;
use crate::ledger::engine::statement::Select;
use crate::ledger::query::{self, Refine, above, is};
use crate::ledger::tables::notifications;
use crate::realtime::notification::Notification;
use crate::realtime::outlet::Offered;
use crate::resilience::deadline::Deadline;

const LIMIT: Duration = Duration::from_secs(5);
/// How many notifications of a user one read brings at most.
const BATCH: u64 = 64;

/// A user's notifications behind a number, so many at most.
pub fn following(user: &str, number: i64, limit: u64) -> Select {
    let these = is(notifications::USER, user).and(above(notifications::NUMBER, number));
    query::select(notifications::TABLE, these).first_by(notifications::NUMBER, limit)
}

impl Realtime {
    /// Looks for as long as the process lives.
    pub async fn watch(self: Rc<Self>) {
        loop {
            let mut stream = self.context.stream(Root::Schedule, "watch");
            let wait = stream.span(self.poll / 2, self.poll);
            self.context.sleep(wait).await;
            self.look(self.live_users()).await;
        }
    }

    /// Looks once, for users who have news.
    pub fn look_soon(self: &Rc<Self>, users: Vec<String>) {
        let realtime = self.clone();
        self.context.spawn("ring", async move {
            let mut live = realtime.live_users();
            live.retain(|user, _| users.contains(user));
            realtime.look(live).await;
        });
    }

    async fn look(&self, users: BTreeMap<String, i64>) {
        if users.is_empty() {
            return;
        }
        let deadline = Deadline::within(LIMIT, self.context.monotonic());
        let select = |(user, number): (&String, &i64)| following(user, *number, BATCH);
        let selects: Vec<Select> = users.iter().map(select).collect();
        let read = { &self.ledger }.read_all("notifications.look", deadline, &selects);
        // What cannot be read now is there at the next look.
        let read = read.await.unwrap_or_default();
        for (user, rows) in users.keys().zip(read) {
            let found: Vec<Notification> = rows.iter().map(|row| storing::of_row(row)).collect();
            self.bring(user, &found);
        }
    }

    /// The users with live sessions here, each with the number behind which one of them has nothing.
    fn live_users(&self) -> BTreeMap<String, i64> {
        let mut users = BTreeMap::new();
        for stream in self.streams.borrow().values() {
            let outlet = stream.outlet.borrow();
            if outlet.is_live() {
                let least: &mut i64 = users.entry(stream.user.clone()).or_insert(i64::MAX);
                *least = outlet.cursor().min(*least);
            }
        }
        users
    }

    /// Brings notifications to the live sessions of their user; closes those that have no room.
    pub(super) fn bring(&self, user: &str, found: &[Notification]) {
        let mut of_user: Vec<Rc<Stream>> = self.streams.borrow().values().cloned().collect();
        of_user.retain(|stream| stream.user == user && stream.outlet.borrow().is_live());
        let drops = self.defects.has(Defect::SlowConsumerDropsSilently);
        for stream in of_user {
            if !bring_to(&stream, found, drops) {
                self.context.reached("slow_consumer_was_closed");
                self.close(&stream, "it is too slow");
            }
        }
    }
}

/// Brings notifications to one session; gives whether they found room.
fn bring_to(stream: &Stream, found: &[Notification], drops: bool) -> bool {
    for notification in found {
        let offered = stream.outlet.borrow_mut().offer(notification);
        match offered {
            Offered::Taken => stream.bell.ring(),
            Offered::Known => {}
            Offered::Ahead => break,
            Offered::Overflow if drops => stream.outlet.borrow_mut().drop_silently(notification),
            Offered::Overflow => return false,
        }
    }
    true
}
