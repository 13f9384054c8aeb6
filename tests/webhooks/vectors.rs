//! Messages whose signatures and verdicts were computed by the reference libraries.

use std::time::Duration;

use model::webhooks::signature::{Headers, Secret, sign, verify};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    tolerance_s: u64,
    sign: Vec<Signed>,
    verify: Vec<Verified>,
}

#[derive(Deserialize)]
struct Signed {
    name: String,
    secret: String,
    id: String,
    timestamp: i64,
    payload: String,
    signature: String,
}

#[derive(Deserialize)]
struct Verified {
    name: String,
    secret: String,
    now: i64,
    id: String,
    timestamp: String,
    payload: String,
    signature: String,
    valid: bool,
}

fn vectors() -> Vectors {
    let text = include_str!("../../fixtures/webhooks/standard-webhooks.json");
    serde_json::from_str(text).expect("the fixture is as the reader wants it")
}

fn secret(text: &str) -> Secret {
    Secret::parse(text).expect("the vectors' secrets are secrets")
}

#[test]
fn we_sign_as_the_libraries_do() {
    let vectors = vectors().sign;
    for it in &vectors {
        let signature = sign(&secret(&it.secret), &it.id, it.timestamp, &it.payload);
        assert_eq!(signature, it.signature, "{}", it.name);
    }
    assert_eq!(vectors.len(), 8);
}

#[test]
fn we_believe_what_the_libraries_believe() {
    let vectors = vectors();
    for it in &vectors.verify {
        let headers = Headers {
            id: it.id.clone(),
            timestamp: it.timestamp.clone(),
            signature: it.signature.clone(),
        };
        let tolerance = Duration::from_secs(vectors.tolerance_s);
        let secrets = [secret(&it.secret)];
        let verified = verify(&headers, &it.payload, &secrets, it.now, tolerance);
        assert_eq!(verified.is_ok(), it.valid, "{}: {verified:?}", it.name);
    }
    assert_eq!(vectors.verify.len(), 13);
}
