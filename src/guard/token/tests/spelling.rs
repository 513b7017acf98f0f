//! One token has one spelling: other bytes that could mean the same are refused.

use super::*;

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
fn a11_refresh_token_is_no_access_token_and_the_reverse() {
    let refresh = RefreshToken::make(&|bytes| bytes.fill(5));
    forged(&refresh.expose(), Flaw::Shape);
    let issued = tokens().issue(&ring(), &grant(), NOW).unwrap();
    assert!(RefreshToken::parse(&issued.token).is_none());
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
