//! Every saga is completed, fully compensated, or parked where it will be found.
//!
//! Judged after heal, over the final tables and the devices. Completed: its asset is linked in a slot
//! and a verification of it exists. Compensated: no asset, no link on any device, no open
//! verification, no key is left of it. Anything else: a job is due, or a dead letter is open or was
//! discarded. And nothing is without its owner: no asset or job without a saga, no verification
//! without an asset unless it was cancelled. It does not judge in which order things were taken back
//! (see `compensation_order`), nor whether Ledger and device name the same slot (see
//! `link_agreement`).

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::value::Value;

use super::{rows_by, says_linked};

pub(super) const CHECK: Check = Check {
    name: "saga_all_or_parked",
    kind: Kind::Eventually,
    promise: "every saga is completed, fully compensated, or parked with a live job or a dead letter",
    judge,
};

struct Tables<'a> {
    assets: BTreeMap<&'a str, &'a Value>,
    jobs: BTreeMap<&'a str, &'a Value>,
    verifications: &'a [Value],
    keys: &'a [Value],
    links: &'a [Value],
    /// The jobs that people know of.
    left_to_people: BTreeSet<&'a str>,
}

impl Tables<'_> {
    /// What contradicts that a saga is where it says.
    fn contradiction(&self, saga: &Value) -> Option<String> {
        let asset = saga.text("asset");
        match saga.text("state") {
            "completed" => self.incomplete(asset),
            "compensated" => {
                let left = self.left_of(asset)?;
                Some(format!("it is compensated, and {left} is left"))
            }
            state => {
                let found = self.is_found(saga.text("saga"));
                (!found).then(|| format!("it is {state}, with neither job nor dead letter"))
            }
        }
    }

    fn incomplete(&self, asset: &str) -> Option<String> {
        let Some(row) = self.assets.get(asset) else {
            return Some(format!("it is completed, and there is no {asset}"));
        };
        if !says_linked(row) || row.get("slot").is_null() {
            let status = row.text("status");
            return Some(format!("it is completed, and {asset} is {status}"));
        }
        let verified = self
            .verifications
            .iter()
            .any(|row| row.text("asset") == asset);
        (!verified).then(|| format!("it is completed, and no verification of {asset} exists"))
    }

    /// What is left of an asset that should be gone.
    fn left_of(&self, asset: &str) -> Option<String> {
        let of_it = |row: &&Value| row.text("asset") == asset;
        if self.assets.contains_key(asset) {
            return Some(asset.to_owned());
        }
        if let Some(link) = self.links.iter().find(of_it) {
            return Some(format!("the link in {}", link.text("locker")));
        }
        let open = |row: &&Value| of_it(row) && matches!(row.text("state"), "queued" | "review");
        if let Some(row) = self.verifications.iter().find(open) {
            return Some(row.text("verification").to_owned());
        }
        let key = self.keys.iter().find(of_it);
        key.map(|row| format!("{}, taken for it,", row.text("key")))
    }

    fn is_found(&self, saga: &str) -> bool {
        self.jobs.get(saga).is_some_and(|job| {
            let live = !job.get("run_at").is_null();
            live || self.left_to_people.contains(job.text("job"))
        })
    }
}

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let facts = &record.facts;
    let (sagas, jobs) = (facts.table("sagas")?, facts.table("jobs")?);
    let letters = facts.table("dead_letters")?.iter();
    let known = letters.filter(|letter| letter.text("state") != "replayed");
    let tables = Tables {
        assets: rows_by("asset", facts.table("assets")?),
        jobs: rows_by("saga", jobs),
        verifications: facts.table("verifications")?,
        keys: facts.table("idempotency_keys")?,
        links: facts.table("device_links")?,
        left_to_people: known.map(|letter| letter.text("subject")).collect(),
    };
    let mut evidence = Vec::new();
    for saga in sagas {
        let claim = tables.contradiction(saga);
        evidence.extend(claim.map(|claim| Evidence::new(saga.text("saga"), claim)));
    }
    evidence.extend(orphans(&tables, sagas, jobs));
    Ok(evidence)
}

fn orphans(tables: &Tables<'_>, sagas: &[Value], jobs: &[Value]) -> Vec<Evidence> {
    let registered: BTreeSet<&str> = sagas.iter().map(|saga| saga.text("asset")).collect();
    let named: BTreeSet<&str> = sagas.iter().map(|saga| saga.text("saga")).collect();
    let mut evidence = Vec::new();
    for asset in tables.assets.keys() {
        if !registered.contains(asset) {
            evidence.push(Evidence::new(*asset, "no saga has registered it"));
        }
    }
    for job in jobs {
        if !named.contains(job.text("saga")) {
            evidence.push(Evidence::new(job.text("job"), "it drives no saga"));
        }
    }
    for row in tables.verifications {
        let asset = row.text("asset");
        if row.text("state") != "cancelled" && !tables.assets.contains_key(asset) {
            let claim = format!("it is {}, and there is no {asset}", row.text("state"));
            evidence.push(Evidence::new(row.text("verification"), claim));
        }
    }
    evidence
}
