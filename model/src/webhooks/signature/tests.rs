//! Signatures on their own; what other libraries say of them stands in `tests/webhooks`.

use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_700_000_000;

fn secret(name: &str) -> Secret {
    Secret::made_of(name)
}

/// What becomes of a message that is signed with one secret, changed, and read with another.
#[track_caller]
fn check(
    signed: &[&str],
    change: impl FnOnce(&mut Headers, &mut String),
    known: &[&str],
    expected: Result<(), Unverified>,
) {
    let secrets = |names: &[&str]| names.iter().map(|name| secret(name)).collect::<Vec<_>>();
    let mut body = "{\"a\":1}".to_owned();
    let mut headers = Headers::signed("evt_1", NOW, &body, &secrets(signed));
    change(&mut headers, &mut body);
    let verified = verify(&headers, &body, &secrets(known), NOW, TOLERANCE);
    assert_eq!(verified, expected, "{headers:?} {body}");
}

#[test]
fn a_message_is_believed_as_it_was_signed_and_never_otherwise() {
    let forged = Err(Unverified::NoSignatureFits);
    check(&["a"], |_, _| (), &["a"], Ok(()));
    check(&["a"], |_, _| (), &["b"], forged);
    check(&["a"], |_, _| (), &[], forged);
    check(&["a"], |_, body| body.push(' '), &["a"], forged);
    check(&["a"], |it, _| it.id = "evt_2".into(), &["a"], forged);
    check(&["a"], |it, _| it.signature.clear(), &["a"], forged);
    let restamped = |it: &mut Headers, _: &mut String| it.timestamp = (NOW + 60).to_string();
    check(&["a"], restamped, &["a"], forged);
    let other_version = |it: &mut Headers, _: &mut String| it.signature.replace_range(..2, "v2");
    check(&["a"], other_version, &["a"], forged);
    let other_kind = |it: &mut Headers, _: &mut String| it.signature.insert_str(0, "v1a,AAAA ");
    check(&["a"], other_kind, &["a"], Ok(()));
}

#[test]
fn while_a_secret_is_exchanged_who_knows_either_believes() {
    check(&["new", "old"], |_, _| (), &["old"], Ok(()));
    check(&["new", "old"], |_, _| (), &["new"], Ok(()));
    check(&["new"], |_, _| (), &["old", "new"], Ok(()));
    let lost = Err(Unverified::NoSignatureFits);
    check(&["new"], |_, _| (), &["old"], lost);
}

#[test]
fn a_timestamp_is_a_number_of_seconds_within_the_tolerance() {
    for (timestamp, expected) in [
        ("1699999700", Ok(())),
        ("1699999699", Err(Unverified::TooOld)),
        ("1700000300", Ok(())),
        ("1700000301", Err(Unverified::TooNew)),
        ("", Err(Unverified::NoTimestamp)),
        ("+1700000000", Err(Unverified::NoTimestamp)),
        ("1700000000.0", Err(Unverified::NoTimestamp)),
        ("99999999999999999999", Err(Unverified::NoTimestamp)),
    ] {
        let secrets = [secret("a")];
        let bytes = signed_bytes("evt_1", timestamp, "{}");
        let mac = secrets[0].mac(&bytes).finalize().into_bytes();
        let headers = Headers {
            id: "evt_1".into(),
            timestamp: timestamp.into(),
            signature: format!("v1,{}", STANDARD.encode(mac)),
        };
        let verified = verify(&headers, "{}", &secrets, NOW, TOLERANCE);
        assert_eq!(verified, expected, "{timestamp}");
    }
}

#[test]
fn secrets_read_back_and_what_is_none_is_refused_and_none_is_ever_shown() {
    let made = secret("a");
    assert_eq!(Secret::parse(&made.text()).as_ref(), Ok(&made));
    assert_eq!(Secret::parse("whsec_%"), Err(BadSecret::NotBase64));
    assert_eq!(Secret::parse("whsec_"), Err(BadSecret::Empty));
    assert_eq!(format!("{made:?}"), "Secret(…)");
}

proptest! {
    #[test]
    fn any_body_verifies_and_no_other_does(body in ".{0,80}", other in ".{0,80}", name in "[a-z]{1,9}") {
        let secrets = [secret(&name)];
        let headers = Headers::signed("evt_1", NOW, &body, &secrets);
        prop_assert_eq!(verify(&headers, &body, &secrets, NOW, TOLERANCE), Ok(()));
        let same = other == body;
        prop_assert_eq!(verify(&headers, &other, &secrets, NOW, TOLERANCE).is_ok(), same);
    }
}
