//! A payment that a provider tells of is credited at most once, and exactly once when Core has
//! acknowledged it; nothing else is credited.
//!
//! Judged at the end, over what providers know of their payments, the Ledger's rows of what was
//! processed, and its accounts: each acknowledged payment stands there once, none stands there twice,
//! each row is of a payment that its provider has made, to that account and amount, and an account's
//! balance is the sum of its rows. It does not judge whether a message should have been believed (see
//! `signature_verified`), nor a payment whose provider gave up before it was heard.

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::value::Value;

pub(super) const CHECK: Check = Check {
    name: "incoming_once",
    kind: Kind::Always,
    promise: "what a provider tells of takes effect at most once, and exactly once when it was acknowledged",
    judge,
};

type Key<'a> = (&'a str, &'a str);

fn key(row: &Value) -> Key<'_> {
    (row.text("provider"), row.text("payment"))
}

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let payments = record.facts.table("payments")?;
    let processed = record.facts.table("incoming")?;
    let made: BTreeMap<Key<'_>, &Value> = payments.iter().map(|row| (key(row), row)).collect();
    let mut rows: BTreeMap<Key<'_>, Vec<&Value>> = BTreeMap::new();
    for row in processed {
        rows.entry(key(row)).or_default().push(row);
    }
    let mut evidence = Vec::new();
    for ((provider, payment), rows) in &rows {
        let mut tell = |claim: String| evidence.push(Evidence::new(*payment, claim));
        if rows.len() > 1 {
            tell(format!(
                "{provider} told of it, and it was credited {} times",
                rows.len()
            ));
        }
        match made.get(&(*provider, *payment)) {
            None => tell(format!(
                "it was credited, and {provider} knows nothing of it"
            )),
            Some(made) => {
                let differs = |column| rows[0].get(column) != made.get(column);
                if let Some(column) = ["account", "amount"].into_iter().find(|it| differs(it)) {
                    let (credited, made) = (rows[0].get(column), made.get(column));
                    tell(format!(
                        "its {column} is {made}, and {credited} was credited"
                    ));
                }
            }
        }
    }
    let lost = payments
        .iter()
        .filter(|row| row.text("state") == "acknowledged" && !rows.contains_key(&key(row)));
    for row in lost {
        let claim = format!(
            "{} was told 200, and it was not credited",
            row.text("provider")
        );
        evidence.push(Evidence::new(row.text("payment"), claim));
    }
    evidence.extend(balances(record, processed)?);
    Ok(evidence)
}

/// The accounts whose balance is not the sum of what was processed.
fn balances(record: &Record, processed: &[Value]) -> Result<Vec<Evidence>, String> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for row in processed {
        *sums.entry(row.text("account")).or_default() += int(row, "amount")?;
    }
    let accounts = record.facts.table("accounts")?;
    let mut evidence = Vec::new();
    for row in accounts {
        let (account, balance) = (row.text("account"), int(row, "balance")?);
        let sum = sums.get(account).copied().unwrap_or_default();
        if balance != sum {
            let claim = format!("its balance is {balance}, and its payments come to {sum}");
            evidence.push(Evidence::new(account, claim));
        }
    }
    Ok(evidence)
}

fn int(row: &Value, column: &str) -> Result<i64, String> {
    let number = row.get(column).as_int();
    number.ok_or_else(|| format!("a row has no number in `{column}`: {row}"))
}
