use super::*;

const FOREVER: Timestamp = Timestamp(i64::MAX);

fn row(byte: u8, state: KeyState, not_before: i64) -> KeyRow {
    KeyRow::generate(&|bytes| bytes.fill(byte), state, Timestamp(not_before), FOREVER)
}

/// RFC 8037, appendix A: the key, its thumbprint (A.3) and a signature (A.4).
#[test]
fn rfc_8037_vectors_hold() {
    let seed = URL_SAFE_NO_PAD
        .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
        .unwrap();
    let row = KeyRow::generate(
        &|bytes| bytes.copy_from_slice(&seed),
        KeyState::Active,
        Timestamp(0),
        FOREVER,
    );
    assert_eq!(row.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let ring = KeyRing::from_rows(std::slice::from_ref(&row)).unwrap();
    let jwks: serde_json::Value = serde_json::from_str(&ring.jwks()).unwrap();
    assert_eq!(
        jwks,
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "use": "sig", "alg": "EdDSA"}]})
    );
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = ring.signer(Timestamp(1)).unwrap().sign(message).unwrap();
    assert_eq!(
        URL_SAFE_NO_PAD.encode(signature),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    assert!(ring.find(&row.kid).unwrap().verify(message, &signature));
    assert!(!ring.find(&row.kid).unwrap().verify(b"other", &signature));
}

#[test]
fn the_newest_active_key_whose_time_has_come_signs() {
    let rows = [
        row(1, KeyState::Retiring, 0),
        row(2, KeyState::Active, 10),
        row(3, KeyState::Active, 20),
        row(4, KeyState::Active, 90),
        row(5, KeyState::Next, 5),
        row(6, KeyState::Revoked, 30),
    ];
    let ring = KeyRing::from_rows(&rows).unwrap();
    assert_eq!(ring.signer(Timestamp(50)).unwrap().kid(), rows[2].kid);
    assert_eq!(ring.signer(Timestamp(15)).unwrap().kid(), rows[1].kid);
    assert!(ring.signer(Timestamp(5)).is_none());
    let verifies: Vec<bool> = rows
        .iter()
        .map(|row| ring.find(&row.kid).unwrap().verifies_at(Timestamp(50)))
        .collect();
    assert_eq!(verifies, [true, true, true, true, true, false]);
    assert!(!ring.find(&rows[4].kid).unwrap().verifies_at(Timestamp(4)));
    assert!(!ring.jwks().contains(&rows[5].kid) && ring.jwks().contains(&rows[4].kid));
}

#[test]
fn an_unusable_row_is_an_error() {
    let good = row(1, KeyState::Active, 0);
    let with = |change: &dyn Fn(&mut KeyRow)| {
        let mut bad = good.clone();
        change(&mut bad);
        KeyRing::from_rows(&[bad]).unwrap_err()
    };
    assert_eq!(
        with(&|row| row.kid = "../../dev/null".to_owned()),
        KeyRingError::Kid
    );
    assert_eq!(with(&|row| row.kid.clear()), KeyRingError::Kid);
    assert_eq!(
        with(&|row| row.alg = "HS256".to_owned()),
        KeyRingError::Algorithm(good.kid.clone())
    );
    assert_eq!(
        with(&|row| row.public.truncate(31)),
        KeyRingError::Public(good.kid.clone())
    );
    // The neutral point verifies anything under lax rules.
    assert_eq!(
        with(&|row| row.public = std::iter::once(1).chain([0; 31]).collect()),
        KeyRingError::Public(good.kid.clone())
    );
    assert_eq!(
        with(&|row| row.private = vec![9; 32]),
        KeyRingError::Private(good.kid.clone())
    );
    let twice = KeyRing::from_rows(&[good.clone(), good.clone()]).unwrap_err();
    assert_eq!(twice, KeyRingError::Duplicate(good.kid.clone()));
    assert!(!format!("{good:?}").contains("private"));
}

#[test]
fn a_key_without_its_private_part_verifies_only() {
    let mut public_only = row(1, KeyState::Active, 0);
    public_only.private.clear();
    let ring = KeyRing::from_rows(&[public_only.clone()]).unwrap();
    assert!(ring.signer(Timestamp(1)).is_none());
    assert!(ring.find(&public_only.kid).unwrap().verifies_at(Timestamp(1)));
    for state in [
        KeyState::Next,
        KeyState::Active,
        KeyState::Retiring,
        KeyState::Revoked,
    ] {
        assert_eq!(KeyState::from_name(state.name()), Some(state));
    }
}
