//! The catalogue's part about edits: what goes wrong between two users of one asset.

use crate::defects::{Defect, DefectInfo, Trigger};

/// The defects that only a system can have whose assets are edited.
pub(super) const OF_EDITS: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::MergeDropsField,
        name: "merge_drops_field",
        mistake: "the merge's list of fields is older than the form's: a change of the newest field is lost",
        seen_in: None,
        caught_by: "no_lost_update",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::MergeTakesBase,
        name: "merge_takes_base",
        mistake: "the whole form is written once no field clashes, and what its user did not touch goes back to what that user saw",
        seen_in: None,
        caught_by: "no_lost_update",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::LastWriterWithoutNotice,
        name: "last_writer_without_notice",
        mistake: "the last writer wins, and nobody tells those who lost",
        seen_in: None,
        caught_by: "conflict_told",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::NoticeOutsideTxn,
        name: "notice_outside_txn",
        mistake: "notices are written once the edit is committed; a crash in between loses them",
        seen_in: None,
        caught_by: "conflict_told",
        trigger: Trigger::CrashWindow,
    },
];
