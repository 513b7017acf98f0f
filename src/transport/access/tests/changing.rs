//! What counts at once, everywhere: revocations, changes of an agent, the end of a token.

use super::*;

#[actix_web::test]
async fn revocation_reaches_every_node_and_open_sockets() {
    let world = World::new("revoke", |config| config.limits.unlimited = true).await;
    let (access, second) = (&world.access, world.node().await);
    let welcome = world.register("Alice").await.unwrap();
    let key = welcome.api_key.expose();
    let other = access
        .exchange(&welcome.agent.handle, &key, CLIENT, AGENT)
        .await
        .unwrap();
    let verified = second.verify(&welcome.pair.token).unwrap();
    access.revoke(&verified, Scope::Token).await.unwrap();
    assert_eq!(code(access.verify(&welcome.pair.token)), Code::TokenRevoked);
    second.keep_fresh().await;
    assert_eq!(code(second.check(&verified)), Code::TokenRevoked);
    let open = second.verify(&other.token).unwrap();
    world.clock.advance(5);
    access.revoke(&open, Scope::Agent).await.unwrap();
    second.keep_fresh().await;
    assert_eq!(code(second.check(&open)), Code::TokenRevoked);
    assert!(access.refresh(&other.refresh_token, CLIENT, AGENT).await.is_err());
    world.clock.advance(5);
    let fresh = access
        .exchange(&welcome.agent.handle, &key, CLIENT, AGENT)
        .await
        .unwrap();
    second.verify(&fresh.token).unwrap();
}

#[actix_web::test]
async fn an_unchanged_agent_costs_no_query_and_a_change_by_anybody_counts() {
    let world = World::new("unchanged", |_| {}).await;
    let (first, second) = (&world.access, world.node().await);
    let alice = world.register("Alice").await.unwrap();
    let verified = first.verify(&alice.pair.token).unwrap();
    let may_speak = async |access: &Access| {
        let caller = access.caller(&verified).await?;
        Ok::<_, Refusal>(caller.is_some_and(|caller| caller.permissions.has(Permission::Speak)))
    };
    let pass = async |steps: usize| {
        for _ in 0..steps {
            world.clock.advance(1_000);
            first.keep_fresh().await;
            second.keep_fresh().await;
        }
    };
    assert!(may_speak(first).await.unwrap() && may_speak(&second).await.unwrap());
    // Where there is no such table, whoever asks for a row fails.
    tamper(&world.target, "ALTER TABLE agents RENAME TO hidden");
    for _ in 0..4 {
        pass(50).await;
        assert!(may_speak(first).await.unwrap() && may_speak(&second).await.unwrap());
    }
    pass(60).await;
    may_speak(first).await.expect_err("who was idle is forgotten");
    tamper(&world.target, "ALTER TABLE hidden RENAME TO agents");
    assert!(may_speak(first).await.unwrap() && may_speak(&second).await.unwrap());
    tamper(&world.target, "UPDATE agents SET permissions = '[]'");
    assert!(may_speak(first).await.unwrap(), "nobody has looked yet");
    pass(1).await;
    assert!(!may_speak(first).await.unwrap() && !may_speak(&second).await.unwrap());
    tamper(&world.target, "ALTER TABLE agents RENAME TO hidden");
    world.clock.advance(30_000);
    may_speak(first)
        .await
        .expect_err("what nobody could look after is not believed");
}

#[actix_web::test]
async fn tokens_expire_on_open_sockets_too() {
    let world = World::new("expire", |_| {}).await;
    let pair = world.register("Alice").await.unwrap().pair;
    let verified = world.access.verify(&pair.token).unwrap();
    world.access.check(&verified).unwrap();
    world.clock.advance(3_600_000);
    assert_eq!(code(world.access.check(&verified)), Code::TokenExpired);
    // Such a socket has a while to refresh, but not when the token was revoked as well.
    world.access.revoke(&verified, Scope::Token).await.unwrap();
    assert_eq!(code(world.access.check(&verified)), Code::TokenRevoked);
}
