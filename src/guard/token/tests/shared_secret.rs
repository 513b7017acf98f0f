//! Tokens of an own backend, signed with the shared secret.

use super::*;

#[test]
fn hs256_token_carries_centrifuge_claims() {
    let ring = ring();
    let claims = json!({"sub": "web-user:42", "exp": NOW_S + 10, "iat": NOW_S, "jti": "h1", "info": {"b": 1, "a": [2]},
        "channels": ["news", "chat"], "subs": {"chat": {}, "extra": {"data": 1}}, "meta": {"x": 1}, "custom": 1.5});
    let verified = tokens_with_hmac().verify(&ring, &hs256(&claims), NOW).unwrap();
    assert_eq!(
        (verified.subject.as_str(), verified.kind),
        ("web-user:42", TokenKind::Hmac)
    );
    assert!(verified.permissions.is_none() && verified.family.is_none());
    assert_eq!(verified.channels, ["news", "chat", "extra"]);
    assert_eq!(verified.info.unwrap().get(), r#"{"b":1,"a":[2]}"#);
    assert_eq!(verified.expires_at, Some(Timestamp((NOW_S + 10) * 1_000)));
    assert_eq!(verified.issued_at, Some(Timestamp(NOW_S * 1_000)));
    let anonymous = tokens_with_hmac()
        .verify(&ring, &hs256(&json!({"info": null})), NOW)
        .unwrap();
    assert_eq!((anonymous.subject.as_str(), anonymous.expires_at), ("", None));
    assert!(anonymous.info.is_none());
    let at = |claims| {
        tokens_with_hmac()
            .verify(&ring, &hs256(&claims), NOW)
            .unwrap()
            .expires_at
    };
    assert_eq!(at(json!({"exp": NOW_S + 10, "expire_at": 0})), None);
    assert_eq!(
        at(json!({"exp": NOW_S + 10, "expire_at": NOW_S + 99})),
        Some(Timestamp((NOW_S + 99) * 1_000))
    );
    // Without a configured secret there are no such tokens.
    assert_eq!(
        tokens().verify(&ring, &hs256(&claims), NOW).unwrap_err(),
        TokenError::Forged(Flaw::Algorithm)
    );
}

#[test]
fn hs256_token_is_read_as_strictly() {
    let ring = ring();
    let check = |token: &str, expected: TokenError| {
        assert_eq!(
            tokens_with_hmac().verify(&ring, token, NOW).unwrap_err(),
            expected,
            "{token}"
        );
    };
    let secret = SECRET.as_bytes();
    let with_header = |header: Value| hmac(secret, &header, "{}");
    for kid in rows().map(|row| row.kid) {
        check(
            &with_header(json!({"alg": "HS256", "kid": kid})),
            TokenError::Forged(Flaw::Key),
        );
    }
    assert!(
        tokens_with_hmac()
            .verify(&ring, &with_header(json!({"alg": "HS256", "kid": "theirs"})), NOW)
            .is_ok()
    );
    assert!(
        tokens_with_hmac()
            .verify(&ring, &with_header(json!({"alg": "HS256"})), NOW)
            .is_ok()
    );
    for typ in [ACCESS_TYPE, "at+jwt", ""] {
        check(
            &with_header(json!({"alg": "HS256", "typ": typ})),
            TokenError::Forged(Flaw::Header),
        );
    }
    check(
        &with_header(json!({"alg": "HS256", "crit": []})),
        TokenError::Forged(Flaw::Header),
    );
    check(
        &hmac(
            b"another secret of more than 32 bytes",
            &json!({"alg": "HS256"}),
            "{}",
        ),
        TokenError::Forged(Flaw::Signature),
    );
    let good = hs256(&json!({}));
    for bad in [format!("{good}="), format!("{good}.x"), format!("{good} ")] {
        check(&bad, TokenError::Forged(Flaw::Shape));
    }
    let (stem, _) = good.rsplit_once('.').unwrap();
    check(
        &format!("{stem}.{}", b64([0; 31])),
        TokenError::Forged(Flaw::Signature),
    );
    let text = |claims: &str| hmac(secret, &json!({"alg": "HS256"}), claims);
    let odd = [
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"x":1,"x":2}"#,
        r#"{"exp":"2000000000"}"#,
        r#"{"exp":2e9}"#,
        r#"{"exp":-1}"#,
        r#"{"exp":null}"#,
        r#"{"sub":7}"#,
        r#"{"sub":"a\u0000b"}"#,
        r#"{"channels":"news"}"#,
        r#"{"channels":[""]}"#,
        r#"{"channel":"news"}"#,
        r#"{"iat":1.5}"#,
        "[]",
    ];
    for claims in odd {
        check(&text(claims), TokenError::Forged(Flaw::Claims));
    }
    let many: Vec<String> = (0..129).map(|number| number.to_string()).collect();
    check(
        &hs256(&json!({"channels": many})),
        TokenError::Forged(Flaw::Claims),
    );
    check(
        &hs256(&json!({"sub": "s".repeat(256)})),
        TokenError::Forged(Flaw::Claims),
    );
    check(&hs256(&json!({"exp": NOW_S})), TokenError::Expired);
    check(
        &hs256(&json!({"nbf": NOW_S + 31})),
        TokenError::Forged(Flaw::Time),
    );
}

#[test]
fn hs256_parties_are_checked_only_when_configured() {
    let ring = ring();
    let strict = Hmac::new(SECRET, Some("me".to_owned()), Some("you".to_owned()), false).unwrap();
    let strict = Tokens::new("rookery", "world", 3_600, Some(strict));
    let check = |claims: Value, is_good: bool| {
        assert!(tokens_with_hmac().verify(&ring, &hs256(&claims), NOW).is_ok());
        assert_eq!(
            strict.verify(&ring, &hs256(&claims), NOW).is_ok(),
            is_good,
            "{claims}"
        );
    };
    check(json!({"iss": "me", "aud": "you"}), true);
    check(json!({"iss": "me", "aud": ["she", "you"]}), true);
    check(json!({"iss": "me"}), false);
    check(json!({"aud": "you"}), false);
    check(json!({"iss": "she", "aud": "you"}), false);
    check(json!({"iss": "me", "aud": ["she"]}), false);
    check(json!({"iss": "me", "aud": []}), false);
}

#[test]
fn subscription_token_opens_its_channel_and_no_connection() {
    let ring = ring();
    let token =
        hs256(&json!({"sub": "bob", "channel": "$news", "client": "c1", "info": 5, "exp": NOW_S + 5}));
    let subscription = tokens_with_hmac()
        .verify_subscription(&ring, &token, NOW)
        .unwrap();
    assert_eq!(
        (subscription.channel.as_str(), subscription.subject.as_str()),
        ("$news", "bob")
    );
    assert_eq!(
        (subscription.client.as_deref(), subscription.info.unwrap().get()),
        (Some("c1"), "5")
    );
    assert_eq!(subscription.expires_at, Some(Timestamp((NOW_S + 5) * 1_000)));
    let of = |token: &str| {
        tokens_with_hmac()
            .verify_subscription(&ring, token, NOW)
            .unwrap_err()
    };
    assert_eq!(
        of(&hs256(&json!({"sub": "bob"}))),
        TokenError::Forged(Flaw::Claims)
    );
    assert_eq!(
        of(&hs256(&json!({"channel": ""}))),
        TokenError::Forged(Flaw::Claims)
    );
    assert_eq!(
        of(&hs256(&json!({"channel": "x", "exp": 5}))),
        TokenError::Expired
    );
    assert_eq!(
        of(&signed(&good_header(), &good_claims())),
        TokenError::Forged(Flaw::Algorithm)
    );
    assert_eq!(
        tokens_with_hmac().verify(&ring, &token, NOW).unwrap_err(),
        TokenError::Forged(Flaw::Claims)
    );
}

#[test]
fn weak_shared_secrets_are_refused_unless_allowed() {
    let new = |secret: &str| Hmac::new(secret, None, None, false).err();
    assert_eq!(new("changeme"), Some(HmacError::Short));
    assert_eq!(new(&"x".repeat(31)), Some(HmacError::Short));
    for known in [
        "changeme".repeat(4),
        "Secret-".repeat(6),
        "a".repeat(64),
        "your-256-bit-secret".repeat(2),
    ] {
        assert_eq!(new(&known), Some(HmacError::Known), "{known}");
    }
    assert_eq!(new(SECRET), None);
    assert!(Hmac::new("secret", None, None, true).is_ok());
}
