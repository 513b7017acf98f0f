//! Money and the commands that move it.

use super::*;
use crate::domain::object::{ItemKind, ObjectChange};
use crate::store::test_database::NOW as START;
use proptest::prelude::*;

#[test]
fn transfer_twice_with_same_id_moves_money_once() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let pay = stage.pay("alice", "bob", 250, "c1");
        let first = stage.commit(vec![pay.clone()]);
        assert_eq!(result_of(&first[0])["balance"], 99_750);
        assert_eq!(result_of(&first[0])["transfer_id"], json!(pay.event_id.0));
        let mut repeat = stage.pay("alice", "bob", 250, "c1");
        repeat.event_id = EventId(fresh_id());
        let second = stage.commit(vec![repeat]);
        let answer = replay_of(&second[0]);
        assert_eq!(answer.outcome.as_ref().unwrap(), result_of(&first[0]));
        assert_eq!(
            (
                answer.seq,
                answer.action.as_str(),
                answer.region.as_str(),
                answer.tick
            ),
            (1, "pay", "plaza", Tick(10))
        );
        assert_eq!(
            (stage.balance("alice"), stage.balance("bob"), stage.last_seq()),
            (99_750, 100_250, 1)
        );
        let id = stage.agent("alice").id;
        assert_eq!(stage.store.find_command(id, "c1").unwrap().as_ref(), Some(answer));
        let id = stage.agent("bob").id;
        assert_eq!(stage.store.find_command(id, "c1").unwrap(), None);
        stage.assert_sound();
    });
}

#[test]
fn same_id_with_another_body_is_refused() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let pay = stage.pay("alice", "bob", 250, "c1");
        stage.commit(vec![pay]);
        let other = stage.pay("alice", "bob", 251, "c1");
        let outcomes = stage.commit(vec![other]);
        assert_eq!(code_of(&outcomes[0]), Code::CommandMismatch);
        assert_eq!((stage.balance("bob"), stage.last_seq()), (100_250, 1));
    });
}

#[test]
fn of_two_spends_of_the_whole_balance_one_wins() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let both = vec![
            stage.pay("alice", "bob", 100_000, "a"),
            stage.pay("alice", "bob", 100_000, "b"),
        ];
        let outcomes = stage.commit(both);
        assert_eq!(seq_of(&outcomes[0]), 1);
        assert_eq!(code_of(&outcomes[1]), Code::InsufficientFunds);
        assert_eq!((stage.balance("alice"), stage.balance("bob")), (0, 200_000));
        // The refusal is the command's outcome from now on, even when there is money again.
        let back = stage.pay("bob", "alice", 150_000, "c");
        let again = stage.pay("alice", "bob", 100_000, "b");
        let outcomes = stage.commit(vec![back, again]);
        assert_eq!(seq_of(&outcomes[0]), 2);
        assert_eq!(
            replay_of(&outcomes[1]).outcome.as_ref().unwrap_err().code,
            Code::InsufficientFunds
        );
        stage.assert_sound();
    });
}

#[test]
fn a_refused_commit_leaves_its_neighbours_alone() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob", "carol"]);
        tamper(
            target,
            "UPDATE account SET frozen = (1 = 1) WHERE owner_id = (SELECT id FROM agents WHERE agent_id = 'carol')",
        );
        let batch = vec![
            stage.pay("alice", "bob", 10, "1"),
            stage.pay("alice", "nobody", 10, "2"),
            stage.pay("alice", "carol", 10, "3"),
            stage.pay("alice", "bob", 1_000_000, "4"),
            stage.pay("bob", "alice", 100_010, "5"),
        ];
        let outcomes = stage.commit(batch);
        let codes: Vec<Code> = outcomes[1..4].iter().map(code_of).collect();
        assert_eq!(
            codes,
            [Code::TargetNotFound, Code::AccountFrozen, Code::InsufficientFunds]
        );
        // What a commit of the same batch brought in can be spent by a later one.
        assert_eq!((seq_of(&outcomes[0]), seq_of(&outcomes[4])), (1, 2));
        assert_eq!(
            (stage.balance("alice"), stage.balance("bob"), stage.last_seq()),
            (200_000, 0, 2)
        );
        stage.assert_sound();
    });
}

#[test]
fn a_credit_that_overflows_is_refused_as_invalid() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        tamper(
            target,
            "UPDATE account SET balance = 9223372036854775807 WHERE owner_id = (SELECT id FROM agents WHERE agent_id = 'bob')",
        );
        let pay = stage.pay("alice", "bob", 1, "1");
        assert_eq!(code_of(&stage.commit(vec![pay])[0]), Code::InvalidParameter);
        assert_eq!(stage.balance("alice"), 100_000);
    });
}

#[test]
fn a_purchase_moves_money_and_goods_or_neither() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice"]);
        let buy = |stage: &Stage, amount, id: &str| {
            let writes = vec![
                Write::Transfer {
                    to: Payee::Market,
                    amount: Amount::new(amount).unwrap(),
                    code: TransferCode::Purchase,
                    note: Some("2 x bread".to_owned()),
                },
                Write::GrantItem {
                    item: ItemKind::Bread,
                    quantity: 2,
                },
                Write::UseObject {
                    object_id: "plaza-board".to_owned(),
                    change: ObjectChange::Count("buy".into()),
                },
            ];
            let event = Event::new(EventKind::ObjectUse, Some(handle("alice")), json!({})).public();
            let mut commit = stage.act("alice", id, "use_object", event, writes);
            commit.result = json!({"item": "bread"});
            commit
        };
        let batch = vec![
            buy(&stage, 600, "1"),
            buy(&stage, 1_000_000, "2"),
            buy(&stage, 600, "3"),
        ];
        let outcomes = stage.commit(batch);
        assert_eq!(code_of(&outcomes[1]), Code::InsufficientFunds);
        let alice = stage.agent("alice").id;
        let held = stage.store.inventory(alice).unwrap();
        assert_eq!(
            (held.len(), held[0].item.as_str(), held[0].quantity),
            (1, "bread", 4)
        );
        let object = stage.store.object("plaza-board").unwrap().unwrap();
        assert_eq!((object.state["buy_count"].as_i64(), object.version), (Some(2), 2));
        assert_eq!(stage.balance("alice"), 98_800);
        let again = buy(&stage, 600, "1");
        let replayed = stage.commit(vec![again]);
        assert_eq!(
            replay_of(&replayed[0]).outcome.as_ref().unwrap(),
            result_of(&outcomes[0])
        );
        assert_eq!(result_of(&outcomes[0])["item"], "bread");
        let statement = stage.store.statement(alice, 10, None).unwrap().unwrap();
        assert_eq!(statement["transfers"][0]["counterparty"], "market");
        assert_eq!(statement["transfers"][2]["counterparty"], "mint");
        stage.assert_sound();
    });
}

#[test]
fn a_statement_pages_through_all_transfers_once() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob", "carol"]);
        let pays = (0..7)
            .map(|n| {
                stage.pay(
                    ["alice", "bob"][n % 2],
                    ["bob", "alice"][n % 2],
                    5,
                    &n.to_string(),
                )
            })
            .collect();
        stage.commit(pays);
        let alice = stage.agent("alice").id;
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = stage
                .store
                .statement(alice, 3, cursor.as_deref())
                .unwrap()
                .unwrap();
            seen.extend(
                page["transfers"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row["balance_after"].as_i64().unwrap()),
            );
            match page["cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(
            seen,
            [99_995, 100_000, 99_995, 100_000, 99_995, 100_000, 99_995, 100_000]
        );
        assert_eq!(stage.store.statement(alice, 3, Some("x")).unwrap(), None);
        // A transfer that she has no part in.
        let pay = stage.pay("bob", "carol", 5, "others");
        let theirs = result_of(&stage.commit(vec![pay])[0])["transfer_id"].clone();
        let (theirs, bob) = (theirs.as_str().unwrap(), stage.agent("bob").id);
        assert_eq!(stage.store.statement(alice, 3, Some(theirs)).unwrap(), None);
        let page = stage.store.statement(bob, 1, Some(theirs)).unwrap().unwrap();
        assert_eq!(page["transfers"][0]["transfer_id"], theirs);
        let stranger = fresh_id().to_string();
        assert_eq!(stage.store.statement(alice, 3, Some(&stranger)).unwrap(), None);
        assert_eq!(stage.store.statement(AgentId(fresh_id()), 3, None).unwrap(), None);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Random batches with repeats give the balances of a naive model, and all invariants hold.
    #[test]
    fn random_payments_agree_with_a_naive_model(
        batches in prop::collection::vec(prop::collection::vec((0_usize..4, 0_usize..5, 1_i64..80_000, 0_u8..12), 1..12), 1..8)
    ) {
        let database = sqlite();
        migrate(&database.target, START).unwrap();
        let names = ["alice", "bob", "carol", "dave"];
        let payees = ["alice", "bob", "carol", "dave", "nobody"];
        let mut stage = Stage::new(&database.target, &names);
        let mut model = [100_000_i64; 4];
        let mut known: std::collections::HashMap<(usize, u8), (usize, i64, bool)> = std::collections::HashMap::new();
        let mut committed = 0;
        for batch in batches {
            let commits = batch.iter().map(|(from, to, amount, id)| stage.pay(names[*from], payees[*to], *amount, &id.to_string())).collect();
            let outcomes = stage.commit(commits);
            for ((from, to, amount, id), outcome) in batch.into_iter().zip(outcomes) {
                match known.get(&(from, id)) {
                    Some((old_to, old_amount, was_done)) if (*old_to, *old_amount) == (to, amount) => {
                        prop_assert_eq!(replay_of(&outcome).outcome.is_ok(), *was_done);
                    }
                    Some(_) => prop_assert_eq!(code_of(&outcome), Code::CommandMismatch),
                    None => {
                        let is_possible = to < 4 && to != from && model[from] >= amount;
                        known.insert((from, id), (to, amount, is_possible));
                        if is_possible {
                            model[from] -= amount;
                            model[to] += amount;
                            committed += 1;
                            prop_assert_eq!(seq_of(&outcome), committed);
                            prop_assert_eq!(result_of(&outcome)["balance"].as_i64(), Some(model[from]));
                        } else {
                            code_of(&outcome);
                        }
                    }
                }
            }
        }
        for (index, name) in names.iter().enumerate() {
            prop_assert_eq!(stage.balance(name), model[index]);
        }
        stage.assert_sound();
    }
}
