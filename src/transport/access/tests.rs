//! Credentials against a database in memory.

use super::*;
use crate::store::test_database::tamper;
use crate::store::{Reader, Store, Target, migrate};
use serde_json::json;

const START_MS: i64 = 1_790_000_000_000;
const CLIENT: &str = "192.0.2.1";
const AGENT: &str = "tests/1";

struct World {
    access: Arc<Access>,
    target: Target,
    database: Database,
    config: Arc<Config>,
    clock: Clock,
}

impl World {
    async fn new(name: &str, change: impl FnOnce(&mut Config)) -> Self {
        let clock = Clock::manual(START_MS);
        let target = Target::SqliteMemory(format!("access_{name}"));
        migrate(&target, Timestamp(START_MS)).unwrap();
        let stores = vec![Store::open(&target).unwrap()];
        let database = Database::start(stores, vec![Reader::open(&target).unwrap()]);
        let mut config = Config::default();
        // Cheap hashes: what they cost is tested where they are made.
        (config.auth.argon2_memory_kib, config.auth.argon2_passes) = (64, 1);
        change(&mut config);
        let config = Arc::new(config);
        let access = Access::load(
            database.clone(),
            Arc::clone(&config),
            clock.clone(),
            Entropy::system(),
        )
        .await
        .unwrap();
        Self {
            access,
            target,
            database,
            config,
            clock,
        }
    }

    /// Another node of the same world.
    async fn node(&self) -> Arc<Access> {
        Access::load(
            self.database.clone(),
            Arc::clone(&self.config),
            self.clock.clone(),
            Entropy::system(),
        )
        .await
        .unwrap()
    }

    async fn register(&self, name: &str) -> Result<Welcome, Refusal> {
        self.access.register(registration(name), CLIENT, AGENT).await
    }
}

fn registration(name: &str) -> Registration {
    Registration {
        name: crate::domain::agent::Name::new(name).unwrap(),
        agent_id: None,
        owner_id: None,
        description: None,
        avatar: json!("fox"),
        skills_map: json!({}),
        default_region: "plaza".to_owned(),
    }
}

fn code<T>(result: Result<T, Refusal>) -> Code {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(refusal) => refusal.code,
    }
}

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
