//! What the claims must say: times, parties, whom and what for.

use super::*;

#[track_caller]
fn forged_claim(name: &str, member: Value, flaw: Flaw) {
    forged(&signed(&good_header(), &with(good_claims(), name, member)), flaw);
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
fn a_token_is_a_ceiling_for_the_permissions() {
    let verified = verify(&signed(&good_header(), &good_claims())).unwrap();
    let permissions = verified.permissions.unwrap().and(Permissions::of_new_agent());
    assert!(permissions.has(Permission::Move) && !permissions.has(Permission::Speak));
}
