//! Who should give which shard to whom. Every node sees the same and comes to the same, so that one gives at a time.

use super::{Claiming, Holding, Turn};
use crate::base::id::{NodeId, ShardId};
use std::cmp::Reverse;

/// Below this difference in agents two nodes are equally busy.
const AGENTS_APART_MIN: i64 = 100;
/// A move because of agents must leave the busier of the two nodes with at most this part of what the giver has.
const HELPS: (i64, i64) = (4, 5);

/// What a node has on its hands.
#[derive(Clone, Copy)]
struct Burden {
    node: NodeId,
    shards: i64,
    agents: i64,
}

impl Burden {
    /// The same with a shard more.
    fn with(self, shard: &Holding) -> Self {
        Self {
            shards: self.shards.saturating_add(1),
            agents: self.agents.saturating_add(i64::from(shard.agents)),
            ..self
        }
    }
}

impl Turn {
    /// Which of its shards a node should hand over now, and to whom: what is wished elsewhere, and everything when it is draining.
    /// Where one node runs the world a wish for one shard is a wish for all.
    pub fn partings(&self, node: NodeId, how: Claiming) -> Vec<(ShardId, NodeId)> {
        let is_draining = self.leaving.contains(&node);
        let mut burdens = self.burdens();
        burdens.retain(|burden| burden.node != node);
        let least = |burdens: &[Burden]| {
            let least = burdens.iter().min_by_key(|all| (by_count(all), all.node));
            least.map(|burden| burden.node)
        };
        if how != Claiming::Shared {
            let not_others = self
                .holdings
                .iter()
                .filter(|held| held.owner.is_none_or(|owner| owner == node));
            let wished = not_others
                .filter_map(|held| self.target(held))
                .find(|to| *to != node);
            let to = wished.or_else(|| is_draining.then(|| least(&burdens)).flatten());
            return to
                .into_iter()
                .flat_map(|to| self.of(node).map(move |held| (held.shard, to)))
                .collect();
        }
        let mut partings = Vec::new();
        for held in self.of(node) {
            let wished = self.target(held);
            let to = wished.or_else(|| is_draining.then(|| least(&burdens)).flatten());
            let Some(to) = to else { continue };
            if wished.is_none()
                && let Some(burden) = burdens.iter_mut().find(|burden| burden.node == to)
            {
                *burden = burden.with(held);
            }
            partings.push((held.shard, to));
        }
        partings
    }

    /// The shard that a node should wish elsewhere, so that all nodes have as much to do. None while anything is on its way.
    pub fn gift(&self, node: NodeId) -> Option<(ShardId, NodeId)> {
        let is_settled = |held: &Holding| held.owner.is_some() && self.target(held).is_none();
        if !self.leaving.is_empty() || !self.holdings.iter().all(is_settled) {
            return None;
        }
        let burdens = self.burdens();
        let most =
            |by: fn(&Burden) -> (i64, i64)| burdens.iter().max_by_key(|all| (by(all), Reverse(all.node)));
        let least = |by: fn(&Burden) -> (i64, i64)| burdens.iter().min_by_key(|all| (by(all), all.node));
        let (giver, taker) = (most(by_count)?, least(by_count)?);
        if giver.shards >= taker.shards.saturating_add(2) {
            return (giver.node == node)
                .then(|| self.gift_by_count(giver, taker))
                .flatten();
        }
        let (giver, taker) = (most(by_agents)?, least(by_agents)?);
        if giver.agents >= taker.agents.saturating_add(AGENTS_APART_MIN) {
            return (giver.node == node)
                .then(|| self.gift_by_agents(giver, taker))
                .flatten();
        }
        None
    }

    /// Of two shards between two nodes one is given: with which they come closest in agents.
    fn gift_by_count(&self, giver: &Burden, taker: &Burden) -> Option<(ShardId, NodeId)> {
        let worst = |held: &&Holding| worst(giver, taker, i64::from(held.agents));
        let shard = self
            .of(giver.node)
            .min_by_key(|held| (worst(held), held.agents))?;
        Some((shard.shard, taker.node))
    }

    /// Of two nodes the one with the more agents gives a shard, when that helps clearly. Where it would leave one with two shards
    /// more than the other, one comes back: that is counted in.
    fn gift_by_agents(&self, giver: &Burden, taker: &Burden) -> Option<(ShardId, NodeId)> {
        let back: Vec<i64> = if giver.shards > taker.shards {
            vec![0]
        } else {
            self.of(taker.node).map(|held| i64::from(held.agents)).collect()
        };
        let best = |held: &Holding| {
            let moved = back
                .iter()
                .map(|back| i64::from(held.agents).saturating_sub(*back));
            moved.map(|moved| worst(giver, taker, moved)).min()
        };
        let all = self
            .of(giver.node)
            .filter_map(|held| Some((best(held)?, held.shard)));
        let (worst, shard) = all.min()?;
        let helps = worst.saturating_mul(HELPS.1) <= giver.agents.saturating_mul(HELPS.0);
        helps.then_some((shard, taker.node))
    }

    /// What each node that may have shards has, with what is on its way to it.
    fn burdens(&self) -> Vec<Burden> {
        let burden = |node: &NodeId| {
            let none = Burden {
                node: *node,
                shards: 0,
                agents: 0,
            };
            let its = |held: &&Holding| self.target(held).or(held.owner) == Some(*node);
            self.holdings.iter().filter(its).fold(none, Burden::with)
        };
        self.nodes.iter().map(burden).collect()
    }
}

fn by_count(burden: &Burden) -> (i64, i64) {
    (burden.shards, burden.agents)
}

fn by_agents(burden: &Burden) -> (i64, i64) {
    (burden.agents, burden.shards)
}

/// How many agents the busier of two nodes has when so many went from one to the other.
fn worst(giver: &Burden, taker: &Burden, moved: i64) -> i64 {
    giver
        .agents
        .saturating_sub(moved)
        .max(taker.agents.saturating_add(moved))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn node(number: u8) -> NodeId {
        NodeId(Uuid::from_u128(number.into()))
    }

    /// A turn of so many nodes; each shard with its owner and its agents.
    fn turn(nodes: u8, shards: &[(u8, i32)]) -> Turn {
        let holding = |(id, (owner, agents)): (i32, &(u8, i32))| Holding {
            shard: ShardId(id),
            owner: Some(node(*owner)),
            epoch: 1,
            wish: None,
            agents: *agents,
        };
        Turn {
            holdings: (1..).zip(shards).map(holding).collect(),
            nodes: (1..=nodes).map(node).collect(),
            leaving: Vec::new(),
        }
    }

    /// What all nodes would give.
    fn gifts(turn: &Turn) -> Vec<(i32, u8)> {
        let given = turn.nodes.iter().filter_map(|giver| turn.gift(*giver));
        given
            .map(|(shard, to)| (shard.0, u8::try_from(to.0.as_u128()).unwrap()))
            .collect()
    }

    #[test]
    fn who_holds_two_more_than_another_gives_one() {
        assert_eq!(gifts(&turn(2, &[(1, 0), (1, 0), (1, 0), (1, 0)])), [(1, 2)]);
        assert_eq!(gifts(&turn(2, &[(1, 0), (1, 0), (2, 0)])), []);
        // A node that came third gets one of those that have two each.
        assert_eq!(gifts(&turn(3, &[(1, 0), (1, 0), (2, 0), (2, 0)])), [(1, 3)]);
        // The one with which the two come closest.
        assert_eq!(
            gifts(&turn(2, &[(1, 90), (1, 20), (1, 40), (2, 70), (1, 0)])),
            [(3, 2)]
        );
        assert_eq!(gifts(&turn(1, &[(1, 900), (1, 0)])), []);
    }

    #[test]
    fn who_has_many_more_agents_gives_when_that_helps() {
        assert_eq!(gifts(&turn(2, &[(1, 300), (1, 200), (2, 100)])), [(2, 2)]);
        // Too little, or no help.
        assert_eq!(gifts(&turn(2, &[(1, 50), (1, 49), (2, 0)])), []);
        assert_eq!(gifts(&turn(2, &[(1, 900), (1, 0), (2, 0)])), []);
        // For an empty one that comes back.
        let shards = [(1, 300), (1, 300), (2, 0), (2, 0)];
        assert_eq!(gifts(&turn(2, &shards)), [(1, 2)]);
        assert_eq!(gifts(&turn(2, &[(2, 300), (1, 300), (2, 0), (2, 0)])), [(3, 1)]);
    }

    #[test]
    fn nothing_more_is_given_while_something_is_on_its_way() {
        let mut settled = turn(2, &[(1, 0), (1, 0), (1, 0), (1, 0), (1, 0)]);
        settled.holdings[4].wish = Some(node(2));
        assert_eq!(gifts(&settled), []);
        // A wish for a node that is not there says nothing, nor does one for its owner.
        settled.holdings[4].wish = Some(node(9));
        assert_eq!(gifts(&settled), [(1, 2)]);
        settled.holdings[4].wish = Some(node(1));
        assert_eq!(gifts(&settled), [(1, 2)]);
        settled.holdings[4].owner = None;
        assert_eq!(gifts(&settled), []);
    }

    #[test]
    fn who_is_draining_gives_everything_to_those_with_the_least() {
        let mut turn = turn(3, &[(1, 5), (1, 5), (1, 5), (2, 0), (3, 9)]);
        assert_eq!(turn.partings(node(1), Claiming::Shared), []);
        turn.nodes.retain(|other| *other != node(1));
        turn.leaving.push(node(1));
        let to = |number| (ShardId(number), node(2));
        assert_eq!(
            turn.partings(node(1), Claiming::Shared),
            [to(1), (ShardId(2), node(3)), to(3)]
        );
        assert_eq!(turn.partings(node(1), Claiming::Alone), [to(1), to(2), to(3)]);
        assert_eq!(turn.partings(node(2), Claiming::Alone), []);
        // Nobody is there to take them.
        turn.nodes.clear();
        assert_eq!(turn.partings(node(1), Claiming::Shared), []);
        assert_eq!(turn.partings(node(1), Claiming::Alone), []);
    }

    #[test]
    fn a_wish_moves_one_shard_and_all_of_a_world_of_one_node() {
        let mut turn = turn(2, &[(1, 0), (1, 0), (1, 0)]);
        turn.holdings[1].wish = Some(node(2));
        let to = |number| (ShardId(number), node(2));
        assert_eq!(turn.partings(node(1), Claiming::Shared), [to(2)]);
        assert_eq!(turn.partings(node(1), Claiming::Alone), [to(1), to(2), to(3)]);
        // It is let go already: the others follow.
        turn.holdings[1].owner = None;
        assert_eq!(turn.partings(node(1), Claiming::Alone), [to(1), to(3)]);
        assert_eq!(turn.partings(node(2), Claiming::Alone), []);
        turn.nodes.pop();
        assert_eq!(turn.partings(node(1), Claiming::Alone), []);
    }

    proptest! {
        #[test]
        fn giving_comes_to_rest_with_as_many_shards_for_each(
            nodes in 1_u8..6,
            shards in prop::collection::vec((1_u8..6, 0_i32..600), 1..24),
        ) {
            let shards: Vec<_> = shards.into_iter().map(|(owner, agents)| (owner % nodes + 1, agents)).collect();
            let mut turn = turn(nodes, &shards);
            let mut moves = 0;
            loop {
                let given: Vec<_> = turn.nodes.iter().filter_map(|giver| turn.gift(*giver)).collect();
                prop_assert!(given.len() <= 1, "one gives at a time");
                let Some((shard, to)) = given.first() else { break };
                let held = turn.holdings.iter_mut().find(|held| held.shard == *shard).unwrap();
                held.owner = Some(*to);
                moves += 1;
                prop_assert!(moves <= 4 * shards.len(), "it goes on and on");
            }
            let counts: Vec<usize> = turn.nodes.iter().map(|node| turn.of(*node).count()).collect();
            prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
        }
    }
}
