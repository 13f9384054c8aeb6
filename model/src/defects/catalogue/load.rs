//! The catalogue's part about load: what goes wrong at an edge, in Verify's queue, and with what is kept of reads.

use crate::defects::{Defect, DefectInfo, Trigger};

/// The defects that show in a system with an edge, a queue under load, or a cache.
pub(super) const OF_LOAD: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::UnboundedQueue,
        name: "unbounded_queue",
        mistake: "whoever comes waits, so a surge is paid by everybody behind it with a wait that nobody has the patience for",
        seen_in: None,
        caught_by: "queue_bounded",
        trigger: Trigger::Load,
    },
    DefectInfo {
        defect: Defect::PriorityInverted,
        name: "priority_inverted",
        mistake: "the queue is read from its wrong end: reads that can be asked again go before writes",
        seen_in: None,
        caught_by: "queue_bounded",
        trigger: Trigger::Load,
    },
    DefectInfo {
        defect: Defect::QueueCountedOutsideTxn,
        name: "queue_counted_outside_txn",
        mistake: "whether a queue has room is read before the transaction that enters it, so the last place is given to everybody who looks at the same time",
        seen_in: None,
        caught_by: "queue_bounded",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::QueuePriorityIgnored,
        name: "queue_priority_ignored",
        mistake: "the queue has a priority in each row and is read by age alone, so a surge of what can wait holds up what cannot",
        seen_in: None,
        caught_by: "queue_bounded",
        trigger: Trigger::Load,
    },
    DefectInfo {
        defect: Defect::PoisonItemBlocksHead,
        name: "poison_item_blocks_head",
        mistake: "what has failed goes back to the head of the queue, and poison is tried again and again while everything behind it waits",
        seen_in: None,
        caught_by: "retry_policy_kept",
        trigger: Trigger::Refusal,
    },
    DefectInfo {
        defect: Defect::ShedsAcceptedWork,
        name: "sheds_accepted_work",
        mistake: "a request that waits is dropped for a more important one and not answered, so its sender waits until time runs out",
        seen_in: None,
        caught_by: "queue_bounded",
        trigger: Trigger::Load,
    },
    DefectInfo {
        defect: Defect::RetryAfterIgnoredAtEdge,
        name: "retry_after_ignored_at_edge",
        mistake: "a client goes by its own backoff alone, and those who were turned away come back at once",
        seen_in: None,
        caught_by: "queue_bounded",
        trigger: Trigger::Load,
    },
    DefectInfo {
        defect: Defect::LimiterByWallClock,
        name: "limiter_by_wall_clock",
        mistake: "a bucket is filled by the time of day: a step forward lets a whole burst in, a step back nobody until the clock has caught up",
        seen_in: None,
        caught_by: "queue_bounded",
        trigger: Trigger::Clock,
    },
    DefectInfo {
        defect: Defect::CacheNeverExpires,
        name: "cache_never_expires",
        mistake: "what was read once is answered for ever",
        seen_in: None,
        caught_by: "cache_fresh",
        trigger: Trigger::Clock,
    },
];
