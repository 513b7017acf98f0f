//! Refresh tokens and signing keys go round.

use super::*;

#[actix_web::test]
async fn a_refresh_token_rotates_and_its_reuse_ends_the_family() {
    let world = World::new("rotate", |config| config.limits.unlimited = true).await;
    let access = &world.access;
    let first = world.register("Alice").await.unwrap().pair;
    let second = access.refresh(&first.refresh_token, CLIENT, AGENT).await.unwrap();
    let again = access.refresh(&first.refresh_token, CLIENT, AGENT).await.unwrap();
    assert_eq!(again, second, "the same client gets the same pair");
    world.clock.advance(31_000);
    access.verify(&second.token).unwrap();
    assert_eq!(
        code(access.refresh(&first.refresh_token, CLIENT, AGENT).await),
        Code::TokenRevoked
    );
    assert_eq!(code(access.verify(&second.token)), Code::TokenRevoked);
    assert!(
        access
            .refresh(&second.refresh_token, CLIENT, AGENT)
            .await
            .is_err()
    );
    let other = world.register("Bob").await.unwrap().pair;
    access.refresh(&other.refresh_token, CLIENT, AGENT).await.unwrap();
    assert_eq!(
        code(access.refresh(&other.refresh_token, "192.0.2.9", AGENT).await),
        Code::TokenRevoked,
        "a thief at once"
    );
}

#[actix_web::test]
async fn twenty_refreshes_at_once_leave_one_pair() {
    let world = World::new("twenty", |config| config.limits.unlimited = true).await;
    let first = world.register("Alice").await.unwrap().pair;
    let refreshes = (0..20).map(|_| world.access.refresh(&first.refresh_token, CLIENT, AGENT));
    let pairs: Vec<Pair> = futures_util::future::join_all(refreshes)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(pairs.iter().all(|pair| *pair == pairs[0]));
    world.access.verify(&pairs[0].token).unwrap();
    world
        .access
        .refresh(&pairs[0].refresh_token, CLIENT, AGENT)
        .await
        .unwrap();
}

#[actix_web::test]
async fn keys_rotate_without_a_refused_token() {
    let world = World::new("keys", |config| config.limits.unlimited = true).await;
    let second = world.node().await;
    let welcome = world.register("Alice").await.unwrap();
    let kid = |access: &Access, token: &str| access.verify(token).unwrap().key_id.unwrap();
    let first = kid(&second, &welcome.pair.token);
    let mut kids = std::collections::BTreeSet::from([first]);
    let key = welcome.api_key.expose();
    // Thirty-one days in steps of five minutes around the change, of a day before it.
    let steps = std::iter::repeat_n(86_400_000, 29).chain(std::iter::repeat_n(300_000, 350));
    for step in steps {
        world.clock.advance(step);
        world.access.keep_fresh().await;
        second.keep_fresh().await;
        let pair = second
            .exchange(&welcome.agent.handle, &key, CLIENT, AGENT)
            .await
            .unwrap();
        kids.insert(kid(&world.access, &pair.token));
    }
    assert_eq!(kids.len(), 2, "{kids:?}");
    let jwks: serde_json::Value = serde_json::from_str(&second.jwks()).unwrap();
    assert_eq!(
        jwks["keys"].as_array().unwrap().len(),
        2,
        "the old key still verifies"
    );
}

#[actix_web::test]
async fn a_shared_secret_lets_strangers_into_channels_only() {
    let secret = "0123456789abcdef-ghijklmnopqrstuv";
    let world = World::new("hmac", |config| {
        config.auth.token_hmac_secret = Some(crate::config::Secret::new(secret))
    })
    .await;
    let alice = world.register("Alice").await.unwrap().agent;
    let token = |subject: &str| {
        let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(
            &jsonwebtoken::Header::default(),
            &json!({"sub": subject, "exp": START_MS / 1_000 + 60}),
            &key,
        )
        .unwrap()
    };
    let stranger = world.access.verify(&token("stranger")).unwrap();
    assert!(world.access.caller(&stranger).await.unwrap().is_none());
    let agent = world.access.verify(&token(alice.handle.as_str())).unwrap();
    assert_eq!(world.access.caller(&agent).await.unwrap().unwrap().id, alice.id);
    let operator = world.access.verify(&token(ADMIN)).unwrap();
    assert_eq!(
        code(world.access.admit_admin(&operator).await),
        Code::PermissionMissing
    );
}
