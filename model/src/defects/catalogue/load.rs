//! The catalogue's part about load: what goes wrong at an edge, and with what is kept of reads.

use crate::defects::{Defect, DefectInfo};

/// The defects that only a system can have that has an edge or a cache.
pub(super) const OF_LOAD: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::UnboundedQueue,
        name: "unbounded_queue",
        mistake: "whoever comes waits, so a surge is paid by everybody behind it with a wait that nobody has the patience for",
        seen_in: None,
        caught_by: "queue_bounded",
    },
    DefectInfo {
        defect: Defect::PriorityInverted,
        name: "priority_inverted",
        mistake: "the queue is read from its wrong end: reads that can be asked again go before writes",
        seen_in: None,
        caught_by: "queue_bounded",
    },
    DefectInfo {
        defect: Defect::ShedsAcceptedWork,
        name: "sheds_accepted_work",
        mistake: "a request that waits is dropped for a more important one and not answered, so its sender waits until time runs out",
        seen_in: None,
        caught_by: "queue_bounded",
    },
    DefectInfo {
        defect: Defect::RetryAfterIgnoredAtEdge,
        name: "retry_after_ignored_at_edge",
        mistake: "a client goes by its own backoff alone, and those who were turned away come back at once",
        seen_in: None,
        caught_by: "queue_bounded",
    },
    DefectInfo {
        defect: Defect::LimiterByWallClock,
        name: "limiter_by_wall_clock",
        mistake: "a bucket is filled by the time of day: a step forward lets a whole burst in, a step back nobody until the clock has caught up",
        seen_in: None,
        caught_by: "queue_bounded",
    },
    DefectInfo {
        defect: Defect::CacheNeverExpires,
        name: "cache_never_expires",
        mistake: "what was read once is answered for ever",
        seen_in: None,
        caught_by: "cache_fresh",
    },
];
