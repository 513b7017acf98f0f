//! Who comes in: registrations, keys, tokens made for load tests.

use super::*;

#[actix_web::test]
async fn a_registered_agent_is_known_by_its_token_and_its_key() {
    let world = World::new("key", |_| {}).await;
    let access = &world.access;
    let welcome = world.register("Alice").await.unwrap();
    let handle = welcome.agent.handle.clone();
    assert!(handle.as_str().starts_with("agent_") && handle.as_str().len() == 14);
    let caller = access
        .caller(&access.verify(&welcome.pair.token).unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&caller.handle, caller.id), (&handle, welcome.agent.id));
    assert!(caller.permissions.has(Permission::Speak) && !caller.permissions.has(Permission::Admin));
    assert_eq!(welcome.pair.expires_at, Timestamp(START_MS + 3_600_000));
    let pair = access
        .exchange(&handle, &welcome.api_key.expose(), CLIENT, AGENT)
        .await
        .unwrap();
    assert_ne!(pair.token, welcome.pair.token);
    access.verify(&pair.token).unwrap();
    assert_eq!(
        code(access.verify(&pair.refresh_token)),
        Code::Unauthenticated,
        "a refresh token is no access token"
    );
    assert_eq!(
        code(access.refresh(&pair.token, CLIENT, AGENT).await),
        Code::Unauthenticated,
        "nor the reverse"
    );
}

#[actix_web::test]
async fn wrong_keys_get_one_answer_and_too_many_make_the_key_rest() {
    let world = World::new("wrong", |config| config.limits.tokens_per_min = 1_000).await;
    let access = &world.access;
    let welcome = world.register("Alice").await.unwrap();
    let other = Handle::new("nobody").unwrap();
    let key = welcome.api_key.expose();
    let wrong = format!("{}0000", key.chars().take(56).collect::<String>());
    let mut answers = Vec::new();
    for (handle, key) in [
        (&other, &key),
        (&welcome.agent.handle, &wrong),
        (&other, &"x".to_owned()),
    ] {
        answers.push(access.exchange(handle, key, CLIENT, AGENT).await.unwrap_err());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // Two of the three named a key id; five may be wrong, the sixth is told to wait.
    for _ in 0..4 {
        assert_eq!(
            code(
                access
                    .exchange(&welcome.agent.handle, &wrong, CLIENT, AGENT)
                    .await
            ),
            Code::Unauthenticated
        );
    }
    let resting = access
        .exchange(&welcome.agent.handle, &wrong, CLIENT, AGENT)
        .await
        .unwrap_err();
    assert_eq!(resting.code, Code::RateLimited);
    assert!(resting.retry_after_ms.unwrap() > 0 && resting.rate.is_some());
    world.clock.advance(900_000);
    access.keep_fresh().await;
    access
        .exchange(&welcome.agent.handle, &key, CLIENT, AGENT)
        .await
        .unwrap();
}

#[actix_web::test]
async fn the_sixth_registration_of_an_address_waits_on_every_node() {
    let world = World::new("rate", |_| {}).await;
    let second = world.node().await;
    for number in 0..5 {
        let access = if number % 2 == 0 { &world.access } else { &second };
        access
            .register(registration(&format!("Agent {number}")), CLIENT, AGENT)
            .await
            .unwrap();
    }
    let refusal = second
        .register(registration("Sixth"), CLIENT, AGENT)
        .await
        .unwrap_err();
    assert_eq!(refusal.code, Code::RateLimited);
    assert_eq!(refusal.rate.unwrap().bucket, "registrations");
    second
        .register(registration("Elsewhere"), "192.0.2.2", AGENT)
        .await
        .unwrap();
    let free = World::new("free", |config| config.limits.unlimited = true).await;
    for number in 0..12 {
        free.register(&format!("Agent {number}")).await.unwrap();
    }
}

#[actix_web::test]
async fn names_and_handles_are_taken_once() {
    let world = World::new("names", |_| {}).await;
    let (one, two) = futures_util::future::join(world.register("Twin"), world.register("Twin")).await;
    let codes: Vec<Code> = [one, two]
        .into_iter()
        .filter_map(Result::err)
        .map(|refusal| refusal.code)
        .collect();
    assert_eq!(codes, [Code::NameTaken]);
    let named = |name: &str, handle: &str| Registration {
        agent_id: Some(Handle::new(handle).unwrap()),
        ..registration(name)
    };
    world
        .access
        .register(named("Bob", "bob"), CLIENT, AGENT)
        .await
        .unwrap();
    assert_eq!(
        code(world.access.register(named("Robert", "bob"), CLIENT, AGENT).await),
        Code::AlreadyExists
    );
    assert_eq!(
        code(world.access.register(named("Root", ADMIN), CLIENT, AGENT).await),
        Code::InvalidParameter
    );
}

#[actix_web::test]
async fn minted_agents_act_and_the_operator_may_only_operate() {
    let world = World::new("mint", |_| {}).await;
    let access = &world.access;
    let minted = access.mint(2_100, "plaza").await.unwrap();
    assert_eq!(minted.len(), 2_100);
    for (handle, issued) in [&minted[0], &minted[2_099]] {
        let verified = access.verify(&issued.token).unwrap();
        assert_eq!(access.caller(&verified).await.unwrap().unwrap().handle, *handle);
        assert_eq!(code(access.admit_admin(&verified).await), Code::PermissionMissing);
    }
    let admin = access.verify(&access.mint_admin().unwrap().token).unwrap();
    access.admit_admin(&admin).await.unwrap();
    assert!(access.caller(&admin).await.unwrap().is_none());
    world.clock.advance(31_000);
    assert_eq!(
        code(access.admit_admin(&admin).await),
        Code::Unavailable,
        "nobody knows what was revoked"
    );
    access.keep_fresh().await;
    access.admit_admin(&admin).await.unwrap();
}
