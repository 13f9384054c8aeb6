//! The catalogue's part about incoming webhooks: what goes wrong between somebody else's message and what
//! it does.

use crate::defects::{Defect, DefectInfo, Trigger};

/// The defects that only a system can have which is sent webhooks.
pub(super) const OF_INCOMING: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::IncomingSignatureUnchecked,
        name: "incoming_signature_unchecked",
        mistake: "the signature is computed and its result not looked at",
        seen_in: None,
        caught_by: "signature_verified",
        trigger: Trigger::Always,
    },
    DefectInfo {
        defect: Defect::IncomingTimestampUnchecked,
        name: "incoming_timestamp_unchecked",
        mistake: "the signature is checked and the timestamp under it is not, so whoever overheard a message can send it for ever",
        seen_in: None,
        caught_by: "signature_verified",
        trigger: Trigger::Duplicate,
    },
    DefectInfo {
        defect: Defect::IncomingOverParsedBody,
        name: "incoming_over_parsed_body",
        mistake: "a framework has parsed the body, and what is verified is the parsed body written again: other bytes",
        seen_in: None,
        caught_by: "signature_verified",
        trigger: Trigger::Always,
    },
    DefectInfo {
        defect: Defect::IncomingTrustsUnsignedId,
        name: "incoming_trusts_unsigned_id",
        mistake: "a message is known by a header that its sender does not sign; under another id it is processed again",
        seen_in: None,
        caught_by: "incoming_once",
        trigger: Trigger::Duplicate,
    },
    DefectInfo {
        defect: Defect::IncomingAckedBeforeProcessing,
        name: "incoming_acked_before_processing",
        mistake: "200 goes out first, because senders are impatient; a crash after it loses what nobody will send again",
        seen_in: None,
        caught_by: "incoming_once",
        trigger: Trigger::CrashWindow,
    },
    DefectInfo {
        defect: Defect::IncomingMarkedBeforeEffect,
        name: "incoming_marked_before_effect",
        mistake: "the id is stored in a transaction of its own before the work; a crash in between makes every repetition look processed",
        seen_in: None,
        caught_by: "incoming_once",
        trigger: Trigger::CrashWindow,
    },
    DefectInfo {
        defect: Defect::IncomingDedupeCheckThenAct,
        name: "incoming_dedupe_check_then_act",
        mistake: "the id is looked up first and stored after the work, and two arrivals pass between",
        seen_in: None,
        caught_by: "incoming_once",
        trigger: Trigger::Order,
    },
];
