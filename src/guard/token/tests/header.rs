//! What the header may say: the algorithm, the key, nothing else.

use super::*;

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
