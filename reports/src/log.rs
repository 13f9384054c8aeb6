//! Captured log lines, aligned: `time | step | level | node | text`.
//!
//! What nodes say through `tracing` is neither judged nor fingerprinted; it is shown on request.
//! The step is how many agenda entries had been worked off when the line was raised.

use sim::record::Record;

use crate::style::{Role, Style};
use crate::table::{Cell, Table};

/// All captured lines of a run, in order.
pub fn render(record: &Record, style: Style) -> String {
    let mut table = Table::new(0);
    for line in &record.log {
        let position = record.nodes.iter().position(|name| *name == line.node);
        table.row([
            Cell::right(Role::Faint, line.at.to_string()),
            Cell::right(Role::Faint, format!("step {}", line.step)),
            Cell::left(role_of(line.level), line.level),
            Cell::left(position.map_or(Role::Plain, Role::Party), &line.node),
            Cell::left(Role::Plain, &line.text),
        ]);
    }
    let mut out = String::new();
    table.write(style, &mut out);
    out
}

fn role_of(level: &str) -> Role {
    match level {
        "ERROR" => Role::Bad,
        "WARN" => Role::Doubt,
        "INFO" => Role::Good,
        _ => Role::Faint,
    }
}
