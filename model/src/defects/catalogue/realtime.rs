//! The catalogue's part about realtime: what goes wrong between an event and the user who sees it.

use crate::defects::{Defect, DefectInfo, Trigger};

/// The defects that only a system with users can have.
pub(super) const OF_REALTIME: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::SseResumeSkipsEvent,
        name: "sse_resume_skips_event",
        mistake: "a stream that is resumed begins at the newest notification and not behind the device's last one, so what came in between is never shown",
        seen_in: Some(
            "NVIDIA-AI-Blueprints/aiq #272: control frames had ids of their own, so a resumed stream began beyond what was missed",
        ),
        caught_by: "notifications_in_order",
        trigger: Trigger::Partition,
    },
    DefectInfo {
        defect: Defect::SseResumeRepeats,
        name: "sse_resume_repeats",
        mistake: "`last-event-id` is taken for the first notification to send and not for the last one the device has",
        seen_in: Some(
            "invisible_playwright_mcp #1263: each reconnection was sent again what the page had",
        ),
        caught_by: "notifications_in_order",
        trigger: Trigger::Partition,
    },
    DefectInfo {
        defect: Defect::PushBeforeCommit,
        name: "push_before_commit",
        mistake: "a notification is pushed while its transaction is open; when that is rolled back, users have seen what never happened, and its number goes to another",
        seen_in: None,
        caught_by: "views_converge",
        trigger: Trigger::CrashWindow,
    },
    DefectInfo {
        defect: Defect::MarkReadCountsTwice,
        name: "mark_read_counts_twice",
        mistake: "the counter of the unread goes down with each mark and not with each notification that is read, so a retry or a second device counts twice",
        seen_in: Some(
            "JabbR #1031, flarum #590: each click on a notification that was read took one off the count",
        ),
        caught_by: "views_converge",
        trigger: Trigger::Duplicate,
    },
    DefectInfo {
        defect: Defect::SlowConsumerDropsSilently,
        name: "slow_consumer_drops_silently",
        mistake: "when a session's buffer is full what is new is left out, and the session goes on as if nothing were missing",
        seen_in: Some(
            "GoWDK #537: a full buffer discarded messages, and the stream went on without a sign of it",
        ),
        caught_by: "notifications_in_order",
        trigger: Trigger::Load,
    },
    DefectInfo {
        defect: Defect::SequenceFromMemory,
        name: "sequence_from_memory",
        mistake: "each instance goes on counting from the last number it has once read, so two give one number to two notifications",
        seen_in: None,
        caught_by: "views_converge",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::NotificationStoredOutsideTxn,
        name: "notification_stored_outside_txn",
        mistake: "the event is marked as told in one transaction and the notifications are stored in the next; a crash in between loses them, and their numbers",
        seen_in: None,
        caught_by: "views_converge",
        trigger: Trigger::CrashWindow,
    },
];
