//! The user of a device: marks what was shown as read, and sees on the badge how much is not.

use std::rc::Rc;
use std::time::Duration;

use sim::random::{Lineage, Root};
use sim::ratio::Ratio;
use sim::record::history::Outcome;

use super::node::Listener;
use crate::client::telling;
use crate::core::protocol::{Ask, Body};
use crate::realtime::notification::Mark;

/// How often a mark is tried.
const TRIES: u32 = 8;
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// A user looks at a notification for so long at most before it is marked.
const LOOKS_AT_IT: Duration = Duration::from_secs(2);
/// How often the badge is looked up.
const BADGE_EVERY: Duration = Duration::from_secs(20);

/// Marks a notification that was shown, or all up to it, if the user cares to.
pub(super) fn read(listener: &Rc<Listener>, number: i64) {
    let lineage = Lineage::of(&listener.context.name()).child("shown", number as u64);
    let draw = |purpose| { &listener.context }.stream_of(Root::Workload, lineage, purpose);
    if !draw("reading.marks").chance(listener.setup.config.marks) {
        return;
    }
    let mark = match draw("reading.all").chance(Ratio::new(1, 2)) {
        true => Mark::UpTo(number),
        false => Mark::One(number),
    };
    let after = draw("reading.after").span(Duration::ZERO, LOOKS_AT_IT);
    let listener = listener.clone();
    let context = listener.context.clone();
    context.spawn_for(lineage.child("mark", 0), async move {
        listener.context.sleep(after).await;
        send_mark(&listener, mark).await;
    });
}

/// One operation of the history.
async fn send_mark(listener: &Listener, mark: Mark) {
    let context = &listener.context;
    let ask = Ask::MarkRead {
        user: listener.setup.user.clone(),
        mark,
    };
    let id = context.invoke(context.name(), ask.name(), telling::input(&ask));
    for _ in 0..TRIES {
        let answer = listener.ask(ask.clone()).await;
        match answer.as_deref() {
            Ok(answer) if answer.is_success() => {
                if let Body::Unread(unread) = answer.body {
                    listener.badge.set(Some(unread));
                }
                return context.complete(id, Outcome::Ok(telling::answer(answer)));
            }
            Ok(answer) if !answer.again => {
                return context.complete(id, Outcome::Fail(telling::answer(answer)));
            }
            _ => context.sleep(TRY_AGAIN).await,
        }
    }
    context.complete(id, Outcome::Unknown(sim::record::value::Value::Null));
}

/// Looks up the badge again and again: another device of the user may have marked something.
pub(super) async fn keep_badge(listener: Rc<Listener>) {
    loop {
        let mut stream = listener.context.stream(Root::Schedule, "badge");
        let wait = stream.span(BADGE_EVERY / 2, BADGE_EVERY);
        listener.context.sleep(wait).await;
        let ask = Ask::ListNotifications {
            user: listener.setup.user.clone(),
            after: 0,
        };
        if let Ok(answer) = listener.ask(ask).await
            && let Body::Notifications { unread, .. } = answer.body
        {
            listener.badge.set(Some(unread));
        }
    }
}
