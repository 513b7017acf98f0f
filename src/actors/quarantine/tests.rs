use super::*;
use crate::actors::test_node::run;
use crate::domain::action::Durability;
use uuid::Uuid;

fn culprit(agent: u128, id: &str, body: u8) -> Culprit {
    Culprit {
        agent: AgentId(Uuid::from_u128(agent)),
        command: CommandKey {
            id: id.to_owned(),
            body_hash: [body; 32],
            action: "say",
            durability: Durability::Durable,
        },
    }
}

fn is_poison(quarantine: &Quarantine, culprit: &Culprit) -> bool {
    quarantine.is_poison(culprit.agent, &culprit.command)
}

fn fail_three_times(quarantine: &Quarantine, culprit: &Culprit) {
    for _ in 0..POISON_PANICS_MAX {
        assert!(!is_poison(quarantine, culprit));
        quarantine.note_panic(culprit.clone());
    }
}

#[test]
fn the_third_failure_makes_a_command_poison_under_every_id() {
    let quarantine = Quarantine::default();
    fail_three_times(&quarantine, &culprit(1, "a", 7));
    assert!(is_poison(&quarantine, &culprit(1, "a", 7)));
    assert!(is_poison(&quarantine, &culprit(1, "b", 7)));
    assert!(!is_poison(&quarantine, &culprit(1, "a", 8)));
    assert!(!is_poison(&quarantine, &culprit(2, "a", 7)));
}

#[test]
fn what_the_store_kept_is_poison_under_its_id_alone() {
    let quarantine = Quarantine::default();
    quarantine.remember(vec![Poison {
        agent: AgentId(Uuid::from_u128(1)),
        command_id: "a".to_owned(),
        body_hash: [7; 32],
    }]);
    assert!(is_poison(&quarantine, &culprit(1, "a", 7)));
    assert!(!is_poison(&quarantine, &culprit(1, "b", 7)));
    assert!(!is_poison(&quarantine, &culprit(1, "a", 8)));
    assert!(!is_poison(&quarantine, &culprit(2, "a", 7)));
}

#[test]
fn memory_is_bounded_and_the_oldest_is_forgotten_first() {
    let quarantine = Quarantine::default();
    let (first, second) = (culprit(0, "a", 7), culprit(1, "a", 7));
    fail_three_times(&quarantine, &first);
    fail_three_times(&quarantine, &second);
    let others = u128::try_from(POISON_REMEMBERED_MAX).unwrap() - 1;
    for agent in 2..2 + others {
        quarantine.note_panic(culprit(agent, "a", 7));
    }
    assert!(!is_poison(&quarantine, &first));
    assert!(is_poison(&quarantine, &second));
    let panics = quarantine.locked();
    assert_eq!(panics.counts.len(), POISON_REMEMBERED_MAX);
    assert_eq!(panics.order.len(), POISON_REMEMBERED_MAX);
}

#[test]
fn no_more_wait_for_the_store_than_are_remembered() {
    let mut panics = Panics::default();
    for agent in 0..u128::try_from(POISON_REMEMBERED_MAX).unwrap() + 1 {
        panics.keep(culprit(agent, "a", 7));
    }
    assert_eq!(panics.unsaved.len(), POISON_REMEMBERED_MAX);
}

#[test]
fn the_store_gets_the_third_failure_and_nothing_before() {
    run(|world| async move {
        let node = world.node();
        let stored = async || world.read(|reader| reader.poisoned_commands(10)).await;
        let bad = culprit(1, "a", 7);
        for panics in 1..=POISON_PANICS_MAX + 1 {
            node.quarantine.note_panic(bad.clone());
            assert!(save(node).await);
            let is_stored = panics >= POISON_PANICS_MAX;
            assert_eq!(stored().await.len(), usize::from(is_stored), "after {panics}");
        }
        let again = Quarantine::default();
        again.remember(stored().await);
        assert!(is_poison(&again, &bad));
    });
}
