//! Captured `tracing` lines.

use super::stage::{Stage, ms, program};

fn chatty(log: bool) -> sim::record::Record {
    let chatter = program(|node| async move {
        tracing::info!("up");
        node.sleep(ms(7)).await;
        tracing::warn!(attempt = 2, reason = "late", "tries again");
    });
    let stage = Stage::new([("chatter", chatter.clone()), ("other", chatter)]);
    stage.configured(|config| config.recording.log = log).play()
}

#[test]
fn a_line_is_captured_with_time_step_node_and_fields() {
    let record = chatty(true);
    let mut lines: Vec<String> = record.log.iter().map(ToString::to_string).collect();
    lines[..2].sort();
    assert_eq!(
        lines,
        [
            "      0.000s #0      INFO  chatter    up",
            "      0.000s #0      INFO  other      up",
            "      0.007s #1      WARN  chatter    tries again attempt=2 reason=\"late\"",
            "      0.007s #2      WARN  other      tries again attempt=2 reason=\"late\"",
        ]
    );
}

#[test]
fn capturing_lines_changes_nothing_and_not_capturing_keeps_none() {
    let quiet = chatty(false);
    assert!(quiet.log.is_empty());
    assert_eq!(quiet.fingerprint, chatty(true).fingerprint);
}
