//! The rows A1-A21 of the attack list, with really forged tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::agent::{Handle, Permission};
use crate::domain::agent::{Revocation, RevocationKind};
use crate::guard::{KeyRow, KeyState, RefreshToken, Revocations, revocation};

const NOW_S: i64 = 1_700_000_000;
const NOW: Timestamp = Timestamp(NOW_S * 1_000 + 250);
const SECRET: &str = "0123456789abcdef-ABCDEF-0123456789";

fn key(byte: u8, state: KeyState) -> KeyRow {
    KeyRow::generate(
        &|bytes| bytes.fill(byte),
        state,
        Timestamp(0),
        Timestamp(i64::MAX),
    )
}

fn rows() -> [KeyRow; 3] {
    [
        key(1, KeyState::Active),
        key(2, KeyState::Retiring),
        key(3, KeyState::Revoked),
    ]
}

fn ring() -> KeyRing {
    KeyRing::from_rows(&rows()).unwrap()
}

fn tokens() -> Tokens {
    Tokens::new("rookery", "world", 3_600, None)
}

fn tokens_with_hmac() -> Tokens {
    Tokens::new(
        "rookery",
        "world",
        3_600,
        Some(Hmac::new(SECRET, None, None, false).unwrap()),
    )
}

fn grant() -> Grant {
    Grant {
        subject: Handle::new("alice").unwrap(),
        permissions: Permissions::from_names(["move", "speak"]),
        family: Uuid::from_u128(7),
        token_id: uuid::Builder::from_unix_timestamp_millis(u64::try_from(NOW.0).unwrap(), &[5; 10])
            .into_uuid(),
    }
}

fn good_header() -> Value {
    json!({"alg": "EdDSA", "kid": rows()[0].kid, "typ": ACCESS_TYPE})
}

fn good_claims() -> Value {
    json!({"iss": "rookery", "aud": "world", "sub": "alice", "sid": Uuid::from_u128(7), "jti": "t1",
        "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 3_600, "perms": ["move"], "ver": 1})
}

/// `value` with one member set, or taken away by `null`.
fn with(mut value: Value, name: &str, member: Value) -> Value {
    let object = value.as_object_mut().unwrap();
    match member {
        Value::Null => drop(object.remove(name)),
        member => drop(object.insert(name.to_owned(), member)),
    }
    value
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with these texts, signed by the key whose seed is `byte` repeated.
fn signed_text(byte: u8, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", b64(header), b64(claims));
    let ring = KeyRing::from_rows(&[key(byte, KeyState::Active)]).unwrap();
    let signature = ring.signer(NOW).unwrap().sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", b64(signature))
}

fn signed(header: &Value, claims: &Value) -> String {
    signed_text(1, &header.to_string(), &claims.to_string())
}

fn hmac(secret: &[u8], header: &Value, claims: &str) -> String {
    let signed = format!("{}.{}", b64(header.to_string()), b64(claims));
    let key = EncodingKey::from_secret(secret);
    format!(
        "{signed}.{}",
        jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap()
    )
}

fn hs256(claims: &Value) -> String {
    hmac(
        SECRET.as_bytes(),
        &json!({"alg": "HS256", "typ": "JWT"}),
        &claims.to_string(),
    )
}

fn verify(token: &str) -> Result<Verified, TokenError> {
    tokens().verify(&ring(), token, NOW)
}

/// Refused for this flaw, with and without a configured HS256 secret, and with the one answer for all forged tokens.
#[track_caller]
fn forged(token: &str, flaw: Flaw) {
    for tokens in [tokens(), tokens_with_hmac()] {
        let error = tokens.verify(&ring(), token, NOW).unwrap_err();
        assert_eq!(error, TokenError::Forged(flaw), "{token:.300}");
        let refusal = Refusal::from(error);
        assert_eq!(
            (refusal.code, &*refusal.detail),
            (Code::Unauthenticated, "a valid token is needed")
        );
    }
}

#[track_caller]
fn forged_claim(name: &str, member: Value, flaw: Flaw) {
    forged(&signed(&good_header(), &with(good_claims(), name, member)), flaw);
}

#[test]
fn an_issued_token_verifies_and_says_what_was_granted() {
    let issued = tokens().issue(&ring(), &grant(), NOW).unwrap();
    let verified = verify(&issued.token).unwrap();
    assert_eq!(
        (verified.subject.as_str(), verified.kind),
        ("alice", TokenKind::Access)
    );
    assert_eq!(verified.permissions.unwrap().names(), ["move", "speak"]);
    assert_eq!(verified.token_id, Some(grant().token_id.to_string()));
    assert_eq!(verified.family, Some(Uuid::from_u128(7)));
    assert_eq!(verified.key_id.as_deref(), Some(rows()[0].kid.as_str()));
    assert_eq!(
        (verified.issued_at, verified.expires_at),
        (Some(NOW), Some(issued.expires_at))
    );
    assert_eq!(issued.expires_at, Timestamp((NOW_S + 3_600) * 1_000));
    assert!(verify(&signed(&good_header(), &good_claims())).is_ok());
    assert!(tokens().issue(&KeyRing::default(), &grant(), NOW).is_err());
}

#[test]
fn a1_algorithm_none_in_any_spelling_is_refused() {
    for name in [
        "none", "None", "nOnE", "NONE", "", "eddsa", "Ed25519", "RS256", "ES256", "HS384", "HS512",
    ] {
        let header = with(good_header(), "alg", json!(name));
        forged(&signed(&header, &good_claims()), Flaw::Algorithm);
        let unsigned = format!("{}.{}.", b64(header.to_string()), b64(good_claims().to_string()));
        forged(&unsigned, Flaw::Shape);
    }
    for alg in [json!(null), json!(0), json!(["EdDSA"]), json!({"EdDSA": 1})] {
        forged(
            &signed_text(
                1,
                &json!({"alg": alg, "kid": rows()[0].kid, "typ": ACCESS_TYPE}).to_string(),
                "{}",
            ),
            Flaw::Header,
        );
    }
}

#[test]
fn a2_hs256_with_the_public_key_as_secret_is_refused() {
    let row = &rows()[0];
    for secret in [
        row.public.clone(),
        b64(&row.public).into_bytes(),
        ring().jwks().into_bytes(),
        Vec::new(),
    ] {
        let token = |header| hmac(&secret, &header, &good_claims().to_string());
        let with_kid = token(json!({"alg": "HS256", "kid": row.kid, "typ": ACCESS_TYPE}));
        let without_kid = token(json!({"alg": "HS256", "typ": "JWT"}));
        let ring = ring();
        assert_eq!(
            tokens().verify(&ring, &with_kid, NOW).unwrap_err(),
            TokenError::Forged(Flaw::Algorithm)
        );
        assert_eq!(
            tokens().verify(&ring, &without_kid, NOW).unwrap_err(),
            TokenError::Forged(Flaw::Algorithm)
        );
        let hmac = tokens_with_hmac();
        assert_eq!(
            hmac.verify(&ring, &with_kid, NOW).unwrap_err(),
            TokenError::Forged(Flaw::Header)
        );
        assert_eq!(
            hmac.verify(&ring, &without_kid, NOW).unwrap_err(),
            TokenError::Forged(Flaw::Signature)
        );
        forged(&token(good_header()), Flaw::Signature);
    }
}

#[test]
fn a3_unknown_and_odd_key_ids_are_refused() {
    let (spaced, other) = (format!("{} ", rows()[0].kid), key(9, KeyState::Active).kid);
    for kid in [
        "unknown",
        "../../dev/null",
        "' OR 1=1",
        "",
        "\0",
        spaced.as_str(),
        other.as_str(),
    ] {
        forged(
            &signed(&with(good_header(), "kid", json!(kid)), &good_claims()),
            Flaw::Key,
        );
    }
    forged(
        &signed(&with(good_header(), "kid", json!("k".repeat(65))), &good_claims()),
        Flaw::Header,
    );
    forged(
        &signed(&with(good_header(), "kid", json!(7)), &good_claims()),
        Flaw::Header,
    );
    forged(
        &signed(&with(good_header(), "kid", json!(null)), &good_claims()),
        Flaw::Header,
    );
    let long = signed(
        &with(good_header(), "kid", json!("k".repeat(10_240))),
        &good_claims(),
    );
    assert_eq!(verify(&long).unwrap_err(), TokenError::TooLong);
    // A known kid, another key's signature.
    forged(
        &signed_text(9, &good_header().to_string(), &good_claims().to_string()),
        Flaw::Signature,
    );
}

#[test]
fn a4_a5_keys_in_the_header_and_critical_extensions_are_refused() {
    let jwk: Value = serde_json::from_str::<Value>(&ring().jwks()).unwrap()["keys"][0].clone();
    let extras = [
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
        ("jwk", jwk),
        ("crit", json!([])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
    ];
    for (name, member) in extras {
        forged(
            &signed(&with(good_header(), name, member), &good_claims()),
            Flaw::Header,
        );
    }
}

#[test]
fn type_must_be_exactly_ours() {
    for media_type in [
        json!("JWT"),
        json!("at+jwt"),
        json!("Rookery-Access+JWT"),
        json!(""),
        json!(null),
        json!(1),
    ] {
        forged(
            &signed(&with(good_header(), "typ", media_type), &good_claims()),
            Flaw::Header,
        );
    }
}

#[test]
fn a6_a_token_expires_30_seconds_after_its_end() {
    let at = |exp| {
        verify(&signed(
            &good_header(),
            &with(with(good_claims(), "iat", json!(NOW_S - 60)), "exp", json!(exp)),
        ))
    };
    assert!(at(NOW_S - 29).is_ok());
    for late in [30, 31] {
        let error = at(NOW_S - late).unwrap_err();
        assert_eq!(error, TokenError::Expired);
        assert_eq!(Refusal::from(error).code, Code::TokenExpired);
    }
    // Without a right signature nobody learns that.
    let expired = with(with(good_claims(), "iat", json!(1)), "exp", json!(2));
    forged(
        &signed_text(9, &good_header().to_string(), &expired.to_string()),
        Flaw::Signature,
    );
}

#[test]
fn a7_a_token_of_the_future_is_refused() {
    assert!(
        verify(&signed(
            &good_header(),
            &with(good_claims(), "nbf", json!(NOW_S + 30))
        ))
        .is_ok()
    );
    forged_claim("nbf", json!(NOW_S + 31), Flaw::Time);
    assert!(
        verify(&signed(
            &good_header(),
            &with(good_claims(), "iat", json!(NOW_S + 30))
        ))
        .is_ok()
    );
    forged_claim("iat", json!(NOW_S + 31), Flaw::Time);
    forged_claim("exp", json!(NOW_S), Flaw::Time);
    assert!(
        verify(&signed(
            &good_header(),
            &with(good_claims(), "exp", json!(NOW_S + 86_400))
        ))
        .is_ok()
    );
    forged_claim("exp", json!(NOW_S + 86_401), Flaw::Time);
}

#[test]
fn a8_each_claim_is_required_and_no_other_is_known() {
    let claims = good_claims();
    for name in claims.as_object().unwrap().keys() {
        forged_claim(name, Value::Null, Flaw::Claims);
    }
    forged_claim("admin", json!(true), Flaw::Claims);
    forged_claim("ver", json!(2), Flaw::Claims);
    forged_claim("jti", json!(""), Flaw::Claims);
    forged_claim("sub", json!("Alice"), Flaw::Claims);
    forged_claim("sub", json!("alice\0"), Flaw::Claims);
    forged_claim("sid", json!("seven"), Flaw::Claims);
    forged_claim("perms", json!("move"), Flaw::Claims);
    forged_claim("perms", json!([1]), Flaw::Claims);
}

#[test]
fn a9_times_that_are_not_whole_sane_numbers_are_refused() {
    let text = good_claims().to_string();
    for name in ["exp", "iat", "nbf"] {
        let whole = format!("\"{name}\":{}", good_claims()[name]);
        let odd = [
            "\"1700000100\"",
            "1700000100.0",
            "1700000100.5",
            "1.7000001e9",
            "1e400",
            "-1",
            "-0",
            "0",
            "null",
            "true",
            "[1700000100]",
            "{}",
            "9007199254740993000",
            "18446744073709551615",
            "18446744073709551616",
            "253402300800",
            "01700000100",
            "NaN",
        ];
        for value in odd {
            let claims = text.replace(&whole, &format!("\"{name}\":{value}"));
            assert_ne!(claims, text);
            forged(&signed_text(1, &good_header().to_string(), &claims), Flaw::Claims);
        }
    }
}

#[test]
fn a10_other_issuers_and_audiences_are_refused() {
    for name in ["iss", "aud"] {
        for other in ["evil", "Rookery", "rookery ", "world ", "World", ""] {
            forged_claim(name, json!(other), Flaw::Party);
        }
        for odd in [
            json!(["rookery"]),
            json!(["world"]),
            json!(["world", "evil"]),
            json!({"world": 1}),
            json!(1),
        ] {
            forged_claim(name, odd, Flaw::Claims);
        }
    }
}

#[test]
fn a11_refresh_token_is_no_access_token_and_the_reverse() {
    let refresh = RefreshToken::make(&|bytes| bytes.fill(5));
    forged(&refresh.expose(), Flaw::Shape);
    let issued = tokens().issue(&ring(), &grant(), NOW).unwrap();
    assert!(RefreshToken::parse(&issued.token).is_none());
}

#[test]
fn a13_edited_claims_are_refused() {
    let token = signed(&good_header(), &good_claims());
    let parts: Vec<&str> = token.split('.').collect();
    for edited in [
        with(good_claims(), "perms", json!(["admin"])),
        with(good_claims(), "sub", json!("bob")),
    ] {
        forged(
            &format!("{}.{}.{}", parts[0], b64(edited.to_string()), parts[2]),
            Flaw::Signature,
        );
    }
}

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

/// S + L is as good as S to a lax verifier. L is the order of the group (RFC 8032, 5.1), little-endian.
fn malleated(token: &str) -> String {
    const L: [u8; 16] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    ];
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let order = L.into_iter().chain([0; 15]).chain([0x10]);
    let mut carry = 0_u16;
    for (byte, add) in bytes[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = u8::try_from(carry & 0xff).unwrap();
        carry >>= 8;
    }
    assert_eq!(carry, 0);
    format!("{signed}.{}", b64(bytes))
}

#[test]
fn a16_other_spellings_of_a_good_token_are_refused() {
    let token = signed(&good_header(), &good_claims());
    assert!(verify(&token).is_ok());
    forged(&malleated(&token), Flaw::Signature);
    let parts: Vec<&str> = token.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    let spelled = [
        format!("{token}="),
        format!("{token}=="),
        format!("{header}=.{claims}.{signature}"),
        format!("{token}AAAA."),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{claims}"),
        format!("{header}..{signature}"),
        format!("..{signature}"),
        "..".to_owned(),
        String::new(),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{header}. {claims}.{signature}"),
        format!(
            "{header}.{claims}.{}\n{}",
            signature.split_at(40).0,
            signature.split_at(40).1
        ),
        format!("{token}\0"),
        format!("Bearer {token}"),
        format!("{header}.{claims}.{}", signature.replace(['A', 'B', 'C'], "+")),
        format!("{header}.{claims}.{}é", signature.split_at(84).0),
    ];
    for text in spelled {
        forged(&text, Flaw::Shape);
    }
    // 64 bytes end in four bits that mean nothing: every spelling but zeros is refused.
    let last = signature.chars().last().unwrap();
    assert!("AQgw".contains(last));
    for stray in "BCRShx".chars() {
        forged(
            &format!("{header}.{claims}.{}{stray}", signature.split_at(85).0),
            Flaw::Shape,
        );
    }
    forged(&format!("{token}A"), Flaw::Signature);
    // Whole bytes more or less.
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for wrong in [
        &bytes[..63],
        &[&bytes[..], &[0]].concat(),
        &bytes[..32],
        &[0; 64],
        &[0xff; 64],
    ] {
        forged(&format!("{header}.{claims}.{}", b64(wrong)), Flaw::Signature);
    }
}

#[test]
fn a17_a_token_over_4_kib_is_not_looked_at() {
    let ring = ring();
    for text in ["a".repeat(1 << 20), ".".repeat(4_097), "é".repeat(2_049)] {
        let error = tokens().verify(&ring, &text, NOW).unwrap_err();
        assert_eq!(error, TokenError::TooLong);
        assert_eq!(Refusal::from(error).code, Code::Unauthenticated);
    }
    forged(&".".repeat(4_096), Flaw::Shape);
    let padded = signed(
        &good_header(),
        &with(good_claims(), "jti", json!("j".repeat(4_000))),
    );
    assert_eq!(verify(&padded).unwrap_err(), TokenError::TooLong);
}

#[test]
fn a18_doubled_keys_and_other_json_are_refused() {
    let (header, claims) = (good_header().to_string(), good_claims().to_string());
    let double = |text: &str, more: &str| text.replacen('{', &format!("{{{more},"), 1);
    for more in [
        "\"sub\":\"bob\"",
        "\"sub\":\"alice\"",
        "\"exp\":1",
        "\"\\u0073ub\":\"bob\"",
        "\"perms\":[\"admin\"]",
    ] {
        forged(&signed_text(1, &header, &double(&claims, more)), Flaw::Claims);
    }
    for more in [
        "\"alg\":\"none\"",
        "\"alg\":\"EdDSA\"",
        "\"\\u0061lg\":\"EdDSA\"",
        "\"kid\":\"x\"",
    ] {
        forged(&signed_text(1, &double(&header, more), &claims), Flaw::Header);
    }
    let as_list = json!(["rookery", "world", "alice"]).to_string();
    let deep = "[".repeat(1_000);
    for odd in [
        "null",
        "[]",
        "\"x\"",
        "{",
        "{}{}",
        "{}x",
        "\u{feff}{}",
        as_list.as_str(),
        deep.as_str(),
        "{\"sub\":\"\\ud800\"}",
    ] {
        forged(&signed_text(1, &header, odd), Flaw::Claims);
        forged(&signed_text(1, odd, &claims), Flaw::Header);
    }
    forged(
        &signed_text(1, &header, &format!("{claims}{claims}")),
        Flaw::Claims,
    );
}

#[test]
fn a18_bytes_that_are_no_utf8_are_refused() {
    let payload = good_claims()
        .to_string()
        .replace("alice", "al\u{1}ce")
        .into_bytes();
    let payload: Vec<u8> = payload
        .into_iter()
        .map(|byte| if byte == 1 { 0xff } else { byte })
        .collect();
    let text = format!("{}.{}", b64(good_header().to_string()), b64(payload));
    let signature = ring().signer(NOW).unwrap().sign(text.as_bytes()).unwrap();
    forged(&format!("{text}.{}", b64(signature)), Flaw::Claims);
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

#[test]
fn a_token_is_a_ceiling_for_the_permissions() {
    let verified = verify(&signed(&good_header(), &good_claims())).unwrap();
    let permissions = verified.permissions.unwrap().and(Permissions::of_new_agent());
    assert!(permissions.has(Permission::Move) && !permissions.has(Permission::Speak));
}
