//! Signatures as Standard Webhooks 1.0.0 defines them: symmetric, `v1`.
//!
//! What is signed is `{id}.{timestamp}.{body}`, the body byte for byte as it travels: who parses it
//! and writes it again signs something else. While a secret is exchanged a message carries one
//! signature per secret, and one that fits is enough. It knows no node and no clock: the time is
//! given. Start at [`sign`] and [`verify`].

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use sim::clock::WallTime;

/// How far the sender's clock and the receiver's may be apart, either way, travel included.
pub const TOLERANCE: Duration = Duration::from_secs(300);

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1";

/// A secret that sender and receiver share.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Why a text is no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// It is not base64.
    #[error("a secret is `whsec_` and base64 with padding; copy it whole")]
    NotBase64,
    /// It has no bytes, so everybody could sign.
    #[error("a secret has at least one byte; the standard asks for 24 to 64")]
    Empty,
}

impl Secret {
    /// Reads a secret; the prefix may be missing, as the reference libraries have it.
    ///
    /// # Errors
    /// [`BadSecret`].
    pub fn parse(text: &str) -> Result<Secret, BadSecret> {
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        let key = STANDARD.decode(encoded).map_err(|_| BadSecret::NotBase64)?;
        if key.is_empty() {
            return Err(BadSecret::Empty);
        }
        Ok(Secret(key))
    }

    /// The secret of this name in a simulated world: as long as a real one, and known to whoever
    /// knows the name.
    pub fn made_of(name: &str) -> Secret {
        Secret(Sha256::digest(name.as_bytes()).to_vec())
    }

    /// As people copy it.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    pub(super) fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0);
        let mut mac = mac.expect("invariant: HMAC takes a key of any length");
        for part in parts {
            mac.update(part);
        }
        mac
    }

    /// For conventions whose secret is plain text, not base64.
    pub(super) fn of_bytes(key: &[u8]) -> Secret {
        Secret(key.to_vec())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The three headers of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Headers {
    /// `webhook-id`: the same at each attempt, so that the receiver can tell a repetition.
    pub id: String,
    /// `webhook-timestamp`: when this attempt was made, in seconds since 1970.
    pub timestamp: String,
    /// `webhook-signature`: one or more signatures, separated by spaces.
    pub signature: String,
}

impl Headers {
    /// The headers of an attempt, signed with each secret.
    ///
    /// # Panics
    /// When the id holds a dot, or there is no secret: two messages could then share their signed
    /// bytes, or one would be unsigned. Both are mistakes of the sender's program.
    pub fn signed(id: &str, timestamp: i64, body: &str, secrets: &[Secret]) -> Headers {
        assert!(!id.contains('.'), "invariant: a message id has no dot");
        assert!(!secrets.is_empty(), "invariant: an endpoint has a secret");
        let signatures = secrets.iter().map(|it| sign(it, id, timestamp, body));
        Headers {
            id: id.to_owned(),
            timestamp: timestamp.to_string(),
            signature: signatures.collect::<Vec<_>>().join(" "),
        }
    }
}

/// One signature, with its version before it.
pub fn sign(secret: &Secret, id: &str, timestamp: i64, body: &str) -> String {
    let timestamp = timestamp.to_string();
    let mac = secret.mac(&signed_bytes(id, &timestamp, body));
    format!("{VERSION},{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn signed_bytes<'a>(id: &'a str, timestamp: &'a str, body: &'a str) -> [&'a [u8]; 5] {
    [id, ".", timestamp, ".", body].map(str::as_bytes)
}

/// A clock as this convention counts it: the run's epoch is a day of 2023.
pub fn unix_seconds(clock: WallTime) -> i64 {
    const EPOCH: i64 = 1_700_000_000;
    EPOCH + clock.millis().div_euclid(1_000)
}

/// Why a message is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// The timestamp is no number of seconds.
    #[error("the timestamp is no whole number of seconds")]
    NoTimestamp,
    /// It was made too long ago: perhaps somebody sends it again who should not have it.
    #[error("the message is older than the tolerance; is a clock wrong?")]
    TooOld,
    /// It was made in the future.
    #[error("the message is newer than the tolerance; is a clock wrong?")]
    TooNew,
    /// No signature fits any secret.
    #[error("no signature fits; is the secret current, and the body untouched?")]
    NoSignatureFits,
}

impl Unverified {
    /// As records name it.
    pub fn name(self) -> &'static str {
        match self {
            Unverified::NoTimestamp => "no_timestamp",
            Unverified::TooOld => "too_old",
            Unverified::TooNew => "too_new",
            Unverified::NoSignatureFits => "no_signature_fits",
        }
    }
}

/// Whether a message that arrives now, in seconds since 1970, is from who has one of the secrets, and
/// was made about now. Signatures are compared in a time that does not depend on where they differ.
///
/// # Errors
/// [`Unverified`].
pub fn verify(
    headers: &Headers,
    body: &str,
    secrets: &[Secret],
    now: i64,
    tolerance: Duration,
) -> Result<(), Unverified> {
    let timestamp = seconds(&headers.timestamp).ok_or(Unverified::NoTimestamp)?;
    in_time(timestamp, now, tolerance)?;
    let bytes = signed_bytes(&headers.id, &headers.timestamp, body);
    let fits = |signature: &str| {
        let Some((VERSION, encoded)) = signature.split_once(',') else {
            // Another version's: an asymmetric one, or one of the future.
            return false;
        };
        let Ok(claimed) = STANDARD.decode(encoded) else {
            return false;
        };
        let verified = |it: &Secret| it.mac(&bytes).verify_slice(&claimed).is_ok();
        secrets.iter().any(verified)
    };
    if headers.signature.split(' ').any(fits) {
        Ok(())
    } else {
        Err(Unverified::NoSignatureFits)
    }
}

/// A timestamp header: digits and nothing else.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// Whether a message of that time may be believed now.
pub(super) fn in_time(timestamp: i64, now: i64, tolerance: Duration) -> Result<(), Unverified> {
    let tolerance = i64::try_from(tolerance.as_secs()).unwrap_or(i64::MAX);
    match now.saturating_sub(timestamp) {
        age if age > tolerance => Err(Unverified::TooOld),
        age if age < -tolerance => Err(Unverified::TooNew),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
