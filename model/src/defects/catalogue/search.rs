//! The catalogue's part about search: what keeps an index from showing what the Ledger holds.

use crate::defects::{Defect, DefectInfo, Trigger};

/// The defects that only a system with a search index can have.
pub(super) const OF_SEARCH: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::SearchUpdateAppliedOutOfOrder,
        name: "search_update_applied_out_of_order",
        mistake: "an update is applied as it comes, without asking whether a newer one was there before",
        seen_in: None,
        caught_by: "views_converge",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::SearchDeleteResurrected,
        name: "search_delete_resurrected",
        mistake: "a deletion removes the document and its version, so a late or repeated update of it makes a new one",
        seen_in: Some(
            "alphagov/search-api #1106: a stale message put back into the index what a later one had taken out",
        ),
        caught_by: "views_converge",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::ReindexOverwritesNewer,
        name: "reindex_overwrites_newer",
        mistake: "documents of the snapshot are written over updates that came after it was taken",
        seen_in: None,
        caught_by: "views_converge",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::SearchAckBeforeDurable,
        name: "search_ack_before_durable",
        mistake: "updates are acknowledged once they are written and before they are synced; a power loss takes them, and nobody sends them again",
        seen_in: None,
        caught_by: "views_converge",
        trigger: Trigger::Disk,
    },
    DefectInfo {
        defect: Defect::SearchAgeIgnoresOutbox,
        name: "search_age_ignores_outbox",
        mistake: "an answer calls itself up to date when nothing waits in the feed, while events wait to get there",
        seen_in: None,
        caught_by: "views_converge",
        trigger: Trigger::Order,
    },
];
