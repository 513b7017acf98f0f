//! Tokens of command-line users: signed alike, and never taken for an agent's.

use super::*;

const DAY_S: i64 = 86_400;

fn cli_grant() -> CliGrant {
    CliGrant {
        subject: Handle::new("alice").unwrap(),
        family: Uuid::from_u128(7),
        token_id: grant().token_id,
    }
}

fn cli_header() -> Value {
    with(good_header(), "typ", json!(CLI_TYPE))
}

fn cli_claims() -> Value {
    with(
        with(good_claims(), "perms", json!([])),
        "exp",
        json!(NOW_S + 7 * DAY_S),
    )
}

#[test]
fn an_issued_token_of_a_user_verifies_as_one_and_lives_7_days() {
    let issued = tokens().issue_cli(&ring(), &cli_grant(), NOW).unwrap();
    assert_eq!(issued.expires_at, Timestamp((NOW_S + 7 * DAY_S) * 1_000));
    let verified = verify(&issued.token).unwrap();
    assert_eq!(
        (verified.subject.as_str(), verified.kind),
        ("alice", TokenKind::Cli)
    );
    assert_eq!(verified.permissions.unwrap(), Permissions::from_names([]));
    assert_eq!(verified.token_id, Some(grant().token_id.to_string()));
    assert_eq!(verified.family, Some(Uuid::from_u128(7)));
    assert_eq!(
        (verified.issued_at, verified.expires_at),
        (Some(NOW), Some(issued.expires_at))
    );
    let at = |ms| tokens().verify(&ring(), &issued.token, issued.expires_at.plus_ms(ms));
    assert!(at(29_000).is_ok());
    assert_eq!(at(30_000).unwrap_err(), TokenError::Expired);
    assert!(
        tokens()
            .issue_cli(&KeyRing::default(), &cli_grant(), NOW)
            .is_err()
    );
}

#[test]
fn a_users_token_lives_as_long_as_is_set_within_bounds() {
    let life_s = |days| {
        let issued = tokens()
            .with_cli_ttl_days(days)
            .issue_cli(&ring(), &cli_grant(), NOW);
        issued.unwrap().expires_at.0 / 1_000 - NOW_S
    };
    assert_eq!(
        [0, 1, 30, 31, u32::MAX].map(life_s),
        [1, 1, 30, 30, 30].map(|days| days * DAY_S)
    );
    // An agent's token does not live longer with it.
    let issued = tokens()
        .with_cli_ttl_days(30)
        .issue(&ring(), &grant(), NOW)
        .unwrap();
    assert_eq!(issued.expires_at, Timestamp((NOW_S + 3_600) * 1_000));
}

#[test]
fn a_token_never_outlives_its_key() {
    let mut row = key(1, KeyState::Active);
    row.not_after = Timestamp((NOW_S + 100) * 1_000);
    let ring = KeyRing::from_rows(&[row]).unwrap();
    for issued in [
        tokens().issue_cli(&ring, &cli_grant(), NOW).unwrap(),
        tokens().issue(&ring, &grant(), NOW).unwrap(),
    ] {
        assert_eq!(issued.expires_at, Timestamp((NOW_S + 100) * 1_000));
        assert!(tokens().verify(&ring, &issued.token, NOW.plus_ms(99_000)).is_ok());
    }
}

#[test]
fn neither_kind_passes_for_the_other() {
    assert!(verify(&signed(&cli_header(), &cli_claims())).is_ok());
    // The kind is signed: a changed header breaks the signature.
    let issued = tokens().issue_cli(&ring(), &cli_grant(), NOW).unwrap().token;
    let (_, rest) = issued.split_once('.').unwrap();
    forged(
        &format!("{}.{rest}", b64(good_header().to_string())),
        Flaw::Signature,
    );
    // A user's token has no permissions, an agent's token no life of days.
    let with_permissions = with(cli_claims(), "perms", json!(["move"]));
    forged(&signed(&cli_header(), &with_permissions), Flaw::Claims);
    forged(&signed(&good_header(), &cli_claims()), Flaw::Time);
    let claims = with(cli_claims(), "exp", json!(NOW_S + 30 * DAY_S));
    assert!(verify(&signed(&cli_header(), &claims)).is_ok());
    let claims = with(cli_claims(), "exp", json!(NOW_S + 30 * DAY_S + 1));
    forged(&signed(&cli_header(), &claims), Flaw::Time);
    for media_type in ["cli+jwt", "JWT", "rookery-cli", "ROOKERY-CLI+JWT"] {
        let header = with(good_header(), "typ", json!(media_type));
        forged(&signed(&header, &cli_claims()), Flaw::Header);
    }
}

#[test]
fn a_revoked_token_of_a_user_stays_revoked_until_it_has_expired() {
    let issued = tokens().issue_cli(&ring(), &cli_grant(), NOW).unwrap();
    let verified = verify(&issued.token).unwrap();
    let until = revocation::until_of(&verified, NOW);
    assert!(until >= issued.expires_at.plus_ms(LEEWAY_S * 1_000));
    let mut revocations = Revocations::default();
    let row = Revocation {
        kind: RevocationKind::Family,
        id: Uuid::from_u128(7).to_string(),
        until,
        version: 1,
    };
    revocations.apply(vec![row], 1, NOW);
    let last = issued.expires_at.plus_ms(29_999);
    assert!(tokens().verify(&ring(), &issued.token, last).is_ok());
    revocations.purge(last);
    assert!(revocations.is_revoked(&verified, last));
    // A short token's row lives as long as all others.
    let short = verify(&signed(&good_header(), &good_claims())).unwrap();
    assert_eq!(revocation::until_of(&short, NOW), revocation::until(NOW));
}
