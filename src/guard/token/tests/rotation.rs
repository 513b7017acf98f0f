//! Keys come and go, tokens are revoked.

use super::*;

#[test]
fn a14_a15_revoked_agents_and_tokens_are_found() {
    let verified = verify(&signed(&good_header(), &good_claims())).unwrap();
    let until = revocation::until(NOW);
    for (kind, id) in [(RevocationKind::Token, "t1"), (RevocationKind::Agent, "alice")] {
        let mut revocations = Revocations::default();
        assert!(!revocations.is_revoked(&verified, NOW));
        revocations.apply(
            vec![Revocation {
                kind,
                id: id.to_owned(),
                until,
                version: 1,
            }],
            1,
            NOW,
        );
        assert!(revocations.is_revoked(&verified, NOW));
    }
    // A login right after the revocation counts as later than it, in the same second.
    let mut revocations = Revocations::default();
    let before = Revocation {
        kind: RevocationKind::Agent,
        id: "alice".to_owned(),
        until: until.plus_ms(-1),
        version: 1,
    };
    revocations.apply(vec![before], 1, NOW);
    let anew = verify(&tokens().issue(&ring(), &grant(), NOW).unwrap().token).unwrap();
    assert!(revocations.is_revoked(&verified, NOW) && !revocations.is_revoked(&anew, NOW));
    assert_eq!(Refusal::from(TokenError::Revoked).code, Code::TokenRevoked);
}

#[test]
fn a21_retiring_key_is_accepted_and_revoked_key_is_refused() {
    let by = |index: usize, byte| {
        let header = with(good_header(), "kid", json!(rows()[index].kid));
        verify(&signed_text(
            byte,
            &header.to_string(),
            &good_claims().to_string(),
        ))
    };
    assert!(by(1, 2).is_ok());
    let error = by(2, 3).unwrap_err();
    assert_eq!(
        (error, Refusal::from(error).code),
        (TokenError::Revoked, Code::TokenRevoked)
    );
    let mut over = key(2, KeyState::Retiring);
    over.not_after = NOW;
    let ring = KeyRing::from_rows(&[over.clone()]).unwrap();
    let header = with(good_header(), "kid", json!(over.kid)).to_string();
    let token = signed_text(2, &header, &good_claims().to_string());
    assert_eq!(
        tokens().verify(&ring, &token, NOW).unwrap_err(),
        TokenError::Forged(Flaw::Key)
    );
}

#[test]
fn tokens_stay_good_while_the_key_is_rotated() {
    let (old, new) = (key(1, KeyState::Active), key(4, KeyState::Next));
    let with_states = |first, second| {
        let rows = [
            KeyRow {
                state: first,
                ..old.clone()
            },
            KeyRow {
                state: second,
                ..new.clone()
            },
        ];
        KeyRing::from_rows(&rows).unwrap()
    };
    let before = with_states(KeyState::Active, KeyState::Next);
    let after = with_states(KeyState::Retiring, KeyState::Active);
    let tokens = tokens();
    // Two nodes, of which one has heard of the rotation and the other has not.
    for issuing in [&before, &after] {
        let token = tokens.issue(issuing, &grant(), NOW).unwrap().token;
        assert!(tokens.verify(&before, &token, NOW).is_ok());
        assert!(tokens.verify(&after, &token, NOW).is_ok());
    }
}
