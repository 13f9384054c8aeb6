//! Incoming webhooks: what is looked at before somebody else's message is believed, by its sender's
//! convention, and the memory by which a message is processed once.
//!
//! [`Convention::believe`] looks at signature and timestamp and tells the id, and
//! [`Convention::once_by`] what an event is remembered by; [`Convention::signed`] is the sender's side.
//! [`Inbox`] tells a first arrival from a repetition. All are plain values; times are seconds since
//! 1970. The memory must outlast the sender's whole retry schedule: the few minutes that are sometimes
//! recommended are shorter than that, and a retry after them is processed again.

use std::collections::BTreeMap;
use std::time::Duration;

use hmac::Mac;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::signature::{Headers, Secret, Unverified, in_time, seconds, verify};

/// Whose convention a message follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Convention {
    /// Standard Webhooks 1.0.0, which is also ours and Svix's.
    StandardWebhooks,
    /// GitHub: `x-hub-signature-256`, an HMAC of the body alone. There is no timestamp and the id is
    /// not signed, so who has a message can send it again under another id: its processing must bear
    /// that.
    Github,
    /// Stripe: `stripe-signature` with `t=` and `v1=`, an HMAC of `t.body`; the id stands in the body.
    Stripe,
}

/// Headers by their names in lower case.
pub type HeaderMap = BTreeMap<String, String>;

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header or, for Stripe, the body's id is not there.
    #[error("`{0}` is missing; is this the right provider?")]
    Missing(&'static str),
    /// It is not believed.
    #[error(transparent)]
    Unverified(#[from] Unverified),
}

impl Convention {
    /// Looks at a message that arrives now; gives its id. A timestamp may be off by the tolerance,
    /// either way, where there is one.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn believe(
        self,
        headers: &HeaderMap,
        body: &str,
        secrets: &[Secret],
        now: i64,
        tolerance: Duration,
    ) -> Result<String, Refusal> {
        let header = |name: &'static str| headers.get(name).ok_or(Refusal::Missing(name));
        match self {
            Convention::StandardWebhooks => {
                let headers = Headers {
                    id: header("webhook-id")?.clone(),
                    timestamp: header("webhook-timestamp")?.clone(),
                    signature: header("webhook-signature")?.clone(),
                };
                verify(&headers, body, secrets, now, tolerance)?;
                Ok(headers.id)
            }
            Convention::Github => {
                let id = header("x-github-delivery")?;
                let signature = header("x-hub-signature-256")?;
                let claimed = signature.strip_prefix("sha256=").and_then(hex);
                fits(secrets, &[body.as_bytes()], claimed.into_iter())?;
                Ok(id.clone())
            }
            Convention::Stripe => {
                let header = header("stripe-signature")?;
                stripe(header, body, secrets, now, tolerance)
            }
        }
    }

    /// What an event is remembered by, so that it takes effect once: its id where the id is signed, and
    /// otherwise a digest of what is. An id that anybody can exchange names nothing.
    pub fn once_by(self, id: &str, body: &str) -> String {
        match self {
            Convention::StandardWebhooks | Convention::Stripe => id.to_owned(),
            Convention::Github => hex_of(&Sha256::digest(body.as_bytes())),
        }
    }

    /// The headers under which its sender sends a message at that time.
    ///
    /// # Panics
    /// When the id holds a dot, where the standard forbids it.
    pub fn signed(self, id: &str, timestamp: i64, body: &str, secret: &Secret) -> HeaderMap {
        let stamp = timestamp.to_string();
        let of = |parts: &[&[u8]]| hex_of(&secret.mac(parts).finalize().into_bytes());
        let named = match self {
            Convention::StandardWebhooks => {
                let made = Headers::signed(id, timestamp, body, std::slice::from_ref(secret));
                vec![
                    ("webhook-id", made.id),
                    ("webhook-timestamp", made.timestamp),
                    ("webhook-signature", made.signature),
                ]
            }
            Convention::Github => vec![
                ("x-github-delivery", id.to_owned()),
                (
                    "x-hub-signature-256",
                    format!("sha256={}", of(&[body.as_bytes()])),
                ),
            ],
            Convention::Stripe => {
                let tag = of(&[stamp.as_bytes(), b".", body.as_bytes()]);
                vec![("stripe-signature", format!("t={stamp},v1={tag}"))]
            }
        };
        let owned = named
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        owned.collect()
    }

    /// The header that carries the signature.
    pub fn signature_header(self) -> &'static str {
        match self {
            Convention::StandardWebhooks => "webhook-signature",
            Convention::Github => "x-hub-signature-256",
            Convention::Stripe => "stripe-signature",
        }
    }

    /// Whether a message carries its time, signed.
    pub fn is_stamped(self) -> bool {
        self != Convention::Github
    }

    /// A secret as this provider's customers are given it.
    ///
    /// # Errors
    /// [`BadSecret`](super::signature::BadSecret), for base64 that is none.
    pub fn secret(self, text: &str) -> Result<Secret, super::signature::BadSecret> {
        match self {
            Convention::StandardWebhooks => Secret::parse(text),
            // The text itself is the key, Stripe's prefix included.
            Convention::Github | Convention::Stripe if text.is_empty() => {
                Err(super::signature::BadSecret::Empty)
            }
            Convention::Github | Convention::Stripe => Ok(Secret::of_bytes(text.as_bytes())),
        }
    }
}

fn stripe(
    header: &str,
    body: &str,
    secrets: &[Secret],
    now: i64,
    tolerance: Duration,
) -> Result<String, Refusal> {
    let parts = || header.split(',').filter_map(|part| part.split_once('='));
    let mut times = parts().filter(|(name, _)| *name == "t");
    let timestamp = times.next().map_or("", |(_, value)| value);
    in_time(
        seconds(timestamp).ok_or(Unverified::NoTimestamp)?,
        now,
        tolerance,
    )?;
    let bytes = [timestamp.as_bytes(), b".", body.as_bytes()];
    let signatures = parts().filter(|(name, _)| *name == "v1");
    fits(secrets, &bytes, signatures.filter_map(|(_, it)| hex(it)))?;
    let read: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let id = read.as_ref().and_then(|it| it["id"].as_str());
    id.map(str::to_owned).ok_or(Refusal::Missing("id"))
}

/// Whether one of the signatures is one of the secrets'.
fn fits(
    secrets: &[Secret],
    bytes: &[&[u8]],
    mut signatures: impl Iterator<Item = Vec<u8>>,
) -> Result<(), Unverified> {
    let fits = |claimed: Vec<u8>| {
        let verified = |it: &Secret| it.mac(bytes).verify_slice(&claimed).is_ok();
        secrets.iter().any(verified)
    };
    if signatures.any(fits) {
        Ok(())
    } else {
        Err(Unverified::NoSignatureFits)
    }
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// What is known of a message that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is the first: process it.
    First,
    /// It is being processed: nothing can be said of it yet, neither that it is done nor that it failed.
    UnderWay,
    /// It is processed: say so, and do nothing.
    Repeated,
}

/// The memory of what was processed. An id is taken before the work and kept after it; work that
/// fails gives it back.
#[derive(Clone, Debug)]
pub struct Inbox {
    keep: Duration,
    ids: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    since: i64,
    done: bool,
}

impl Inbox {
    /// A memory that keeps an id for so long after it was processed.
    pub fn keeping(keep: Duration) -> Inbox {
        Inbox {
            keep,
            ids: BTreeMap::new(),
        }
    }

    /// What is known of a message; the first arrival takes its id.
    pub fn arrive(&mut self, id: &str, now: i64) -> Arrival {
        let keep = i64::try_from(self.keep.as_secs()).unwrap_or(i64::MAX);
        let known = self.ids.get(id).copied();
        match known.filter(|it| !it.done || now.saturating_sub(it.since) <= keep) {
            Some(Entry { done: true, .. }) => Arrival::Repeated,
            Some(_) => Arrival::UnderWay,
            None => {
                let taken = Entry {
                    since: now,
                    done: false,
                };
                self.ids.insert(id.to_owned(), taken);
                Arrival::First
            }
        }
    }

    /// The work is done.
    pub fn done(&mut self, id: &str, now: i64) {
        let done = Entry {
            since: now,
            done: true,
        };
        self.ids.insert(id.to_owned(), done);
    }

    /// The process died with all work it had in hand.
    pub fn restarted(&mut self) {
        self.ids.retain(|_, entry| entry.done);
    }

    /// The work came to nothing: the next arrival is a first again.
    pub fn failed(&mut self, id: &str) {
        self.ids.remove(id);
    }
}

#[cfg(test)]
mod tests;
