use super::*;
use crate::base::id::AgentId;
use crate::domain::agent::{Name, Permissions};
use crate::store::agent::{NewAgent, Registered};
use crate::store::test_database::{NOW, on_both, tear};
use serde_json::json;
use uuid::Uuid;

fn agent(number: u128, name: &str) -> NewAgent {
    NewAgent {
        id: AgentId(Uuid::from_u128(number)),
        handle: Handle::new(name).unwrap(),
        name: Name::new(name).unwrap(),
        owner_id: None,
        description: None,
        avatar: json!({}),
        skills_map: json!({}),
        default_region: "main".to_owned(),
        permissions: Permissions::of_new_agent(),
        key_id: None,
        key_hash: None,
        inbox_epoch: "test".to_owned(),
    }
}

#[test]
fn a_job_that_panics_loses_its_connection_and_the_next_one_gets_another() {
    on_both(|target| {
        let mut other = Store::open(target).unwrap();
        let (stores, readers) = (
            vec![Store::open(target).unwrap()],
            vec![Reader::open(target).unwrap()],
        );
        let (alice, bob, carol) = (agent(1, "alice"), agent(2, "bob"), agent(3, "carol"));
        assert_eq!(other.register_agent(&alice, NOW).unwrap(), Registered::Done);
        actix::System::new().block_on(async {
            let database = Database::start(stores, readers);
            for newcomer in [bob, carol] {
                let torn = database.write(tear).await.unwrap_err();
                assert_eq!(torn.code, Code::Unavailable);
                // One thread writes, so the next job is on that which was torn.
                let handle = alice.handle.clone();
                let seen = database.write(move |store| store.agent_by_handle(&handle)).await;
                assert_eq!(seen.unwrap().unwrap().name, "alice", "{target:?}");
                let done = database
                    .write(move |store| store.register_agent(&newcomer, NOW))
                    .await;
                assert_eq!(done.unwrap(), Registered::Done, "{target:?}");
            }
            assert_eq!(database.read(Reader::count_agents).await.unwrap(), 3);
        });
        // No lock of a torn transaction is left.
        let dave = agent(4, "dave");
        assert_eq!(other.register_agent(&dave, NOW).unwrap(), Registered::Done);
    });
}

#[test]
fn a_transaction_waits_for_company_only_while_there_is_some() {
    let millis = Duration::from_millis;
    let pause = |since, had_company, waiting| pause_of(since, SPACING, had_company, waiting);
    assert_eq!(pause(millis(1), true, 1), SPACING - millis(1));
    assert_eq!(pause(millis(1), true, COMPANY), Duration::ZERO);
    assert_eq!(pause(millis(1), false, 1), Duration::ZERO);
    assert_eq!(pause(SPACING, true, 1), Duration::ZERO);
}

#[test]
fn transactions_are_farther_apart_after_long_ones_only_under_overload() {
    let spacing = |is_overloaded, took_ms| {
        let took = Duration::from_millis(took_ms);
        let line = Line {
            took,
            is_overloaded,
            ..Line::default()
        };
        line.spacing()
    };
    assert_eq!((spacing(false, 0), spacing(false, 900)), (SPACING, SPACING));
    assert_eq!((spacing(true, 0), spacing(true, 900)), (SPACING, SPACING_MAX));
    assert_eq!(spacing(true, 2), Duration::from_millis(16));
}
