//! Registration and what is known of agents.

use super::*;

#[test]
fn a_name_or_handle_is_given_once() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let now = stage.now;
        let mut same_handle = new_agent("alice");
        same_handle.name = Name::new("Someone Else").unwrap();
        same_handle.key_id = None;
        assert_eq!(
            stage.store.register_agent(&same_handle, now).unwrap(),
            Registered::HandleTaken
        );
        // Cyrillic А looks like Latin A.
        let mut look_alike = new_agent("alice2");
        look_alike.name = Name::new("Аlice").unwrap();
        assert_eq!(
            stage.store.register_agent(&look_alike, now).unwrap(),
            Registered::NameTaken
        );
        assert_eq!(stage.store.count_agents().unwrap(), 1);
        stage.assert_sound();
    });
}

#[test]
fn of_many_registrations_of_one_name_at_once_one_is_done() {
    on_both(|target| {
        let now = Stage::new(target, &[]).now;
        let done: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..6)
                .map(|_| {
                    scope.spawn(move || {
                        let mut store = Store::open(target).unwrap();
                        store.register_agent(&new_agent("same"), now).unwrap() == Registered::Done
                    })
                })
                .collect();
            tries
                .into_iter()
                .map(|one| usize::from(one.join().unwrap()))
                .sum()
        });
        assert_eq!(done, 1);
    });
}

#[test]
fn the_version_of_agents_tells_of_changes_that_credentials_need_and_of_no_others() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let now = stage.now;
        let alice = stage.agent("alice").id;
        let first = stage.store.agents_version().unwrap();
        let counters = Counters {
            actions: 1,
            ..Counters::default()
        };
        stage.store.add_counters(&[(alice, counters)]).unwrap();
        stage
            .store
            .update_agent(alice, &AgentPatch::default(), now)
            .unwrap();
        stage.store.set_key_hash(alice, "new").unwrap();
        assert_eq!(stage.store.agents_version().unwrap(), first);
        let mut seen = first;
        for change in [
            "UPDATE agents SET permissions = '[]' WHERE agent_id = 'alice'",
            "UPDATE agents SET agent_id = 'alina' WHERE agent_id = 'alice'",
            "DELETE FROM agents WHERE agent_id = 'nobody'; UPDATE agents SET permissions = '[]'",
        ] {
            tamper(target, change);
            let version = stage.store.agents_version().unwrap();
            assert!(version > seen, "{target:?}: {change}");
            seen = version;
        }
    });
}

#[test]
fn a_registered_agent_is_found_with_all_it_said() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let now = stage.now;
        let alice = stage.agent("alice").clone();
        let row = stage.store.agent_by_handle(&alice.handle).unwrap().unwrap();
        assert_eq!(stage.store.agent_by_id(alice.id).unwrap().as_ref(), Some(&row));
        assert_eq!(
            (
                row.profile().avatar_type.as_str(),
                row.permissions,
                row.is_in_world
            ),
            ("fox", alice.permissions, false)
        );
        assert_eq!(stage.store.agent_by_handle(&handle("nobody")).unwrap(), None);
        assert_eq!(
            stage.store.key("key-alice").unwrap(),
            Some((alice.id, alice.handle.clone(), "$argon2id$fake".to_owned()))
        );
        stage.store.set_key_hash(alice.id, "new").unwrap();
        assert_eq!(
            stage.store.key_of(&alice.handle).unwrap(),
            Some((alice.id, "new".to_owned()))
        );
        let patch = AgentPatch {
            accepts_prompts: Some(true),
            avatar: Some(json!("owl")),
            ..AgentPatch::default()
        };
        let changed = stage.store.update_agent(alice.id, &patch, now).unwrap().unwrap();
        assert_eq!(
            (
                changed.accepts_prompts,
                changed.profile().avatar_type.as_str(),
                changed.description
            ),
            (true, "owl", row.description)
        );
        assert_eq!(
            stage
                .store
                .update_agent(AgentId(fresh_id()), &patch, now)
                .unwrap(),
            None
        );
        let list = stage.store.agents(Some(&alice.handle), 10).unwrap();
        assert_eq!(
            list.iter().map(|agent| agent.handle.as_str()).collect::<Vec<_>>(),
            ["bob"]
        );
    });
}

#[test]
fn counters_add_up_and_rank() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let (alice, bob) = (stage.agent("alice").id, stage.agent("bob").id);
        let add = |messages, seen| Counters {
            messages,
            actions: 1,
            online_seconds: 2,
            last_seen: Some(Timestamp(seen)),
        };
        stage
            .store
            .add_counters(&[(bob, add(3, 9)), (alice, add(1, 5)), (alice, add(1, 4))])
            .unwrap();
        stage
            .store
            .add_counters(&[(
                alice,
                Counters {
                    messages: 2,
                    ..Counters::default()
                },
            )])
            .unwrap();
        let row = stage.store.agent_by_id(alice).unwrap().unwrap();
        assert_eq!(
            (
                row.message_count,
                row.action_count,
                row.total_online_seconds,
                row.last_seen
            ),
            (4, 2, 4, Some(Timestamp(5)))
        );
        let first =
            |metric, stage: &mut Stage| stage.store.leaderboard(metric, 1).unwrap()[0].handle.to_string();
        assert_eq!(first(Metric::Messages, &mut stage), "alice");
        let pay = stage.pay("alice", "bob", 1, "1");
        stage.commit(vec![pay]);
        assert_eq!(first(Metric::Balance, &mut stage), "bob");
        let totals = stage.store.totals().unwrap();
        assert_eq!(
            (totals.agents, totals.events, totals.transfers, totals.messages),
            (2, 1, 3, 0)
        );
    });
}

#[test]
fn bulk_registration_says_who_is_taken() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let now = stage.now;
        let many: Vec<NewAgent> = (0..20).map(|n| new_agent(&format!("swarm-{n}"))).collect();
        assert_eq!(stage.store.register_agents_bulk(&many, now).unwrap(), Ok(()));
        assert_eq!(stage.store.count_agents().unwrap(), 21);
        let again = [new_agent("fresh"), new_agent("alice")];
        assert_eq!(
            stage.store.register_agents_bulk(&again, now).unwrap(),
            Err(handle("alice"))
        );
        assert_eq!(stage.store.count_agents().unwrap(), 21);
        stage.assert_sound();
    });
}

#[test]
fn sessions_and_spectators_leave_a_record() {
    on_both(|target| {
        use crate::base::id::SessionId;
        use crate::store::session::SessionRow;
        use crate::store::spectator::SpectatorRow;
        let mut stage = Stage::new(target, &["alice"]);
        let now = stage.now;
        let session = SessionRow {
            id: SessionId(fresh_id()),
            agent: stage.agent("alice").id,
            node: stage.lease.owner,
            token_id: "jti".to_owned(),
            region: "plaza".to_owned(),
            at: Vec3::new(1.0, 2.0, 3.0),
            status: "online".to_owned(),
            connected_at: now,
            metadata: json!({}),
        };
        stage.store.open_session(&session).unwrap();
        stage
            .store
            .heartbeat(
                &[(session.id, "market".to_owned(), Vec3::new(4.0, 5.0, 6.0))],
                now.plus_ms(5),
            )
            .unwrap();
        stage.store.close_session(session.id, now.plus_ms(9)).unwrap();
        let owner = stage.lease.owner;
        stage.store.close_sessions_of(owner, now.plus_ms(10)).unwrap();
        let watcher = SpectatorRow {
            id: SessionId(fresh_id()),
            node: stage.lease.owner,
            human_id: None,
            agent_id: Some("alice".to_owned()),
            camera_mode: "follow".to_owned(),
            settings: json!({}),
            connected_at: now,
        };
        stage.store.open_spectator(&watcher).unwrap();
        stage.store.update_spectator(&watcher, 2, now).unwrap();
        stage.store.close_spectator(watcher.id, now).unwrap();
        tamper(
            target,
            &format!(
                "CREATE TABLE proof AS SELECT 1 AS one FROM sessions, spectator_sessions v WHERE x = 4 AND sessions.disconnected_at = {} \
                 AND v.prompts_sent = 2 AND v.disconnected_at IS NOT NULL; INSERT INTO world (id, epoch, tick_ms, seed, created_at) \
                 SELECT agents.id, 0, 1, count(proof.one), 0 FROM agents, proof GROUP BY agents.id;",
                now.0 + 9
            ),
        );
        tamper(target, "DELETE FROM world WHERE seed <> 1");
        assert_eq!(stage.store.world().unwrap().unwrap().seed, 1);
    });
}
