//! The invariants of society.md §5.3 (3, 4) under any sequence of commands and waits.

use super::{Conversation, Departure, MEMBERS_MAX, MemberPhase, Phase};
use crate::base::id::ConversationId;
use crate::base::time::Timestamp;
use crate::domain::agent::Profile;
use crate::domain::test_scene::profile;
use proptest::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

/// More agents than may be members.
const AGENTS: usize = 12;

#[derive(Clone, Debug)]
enum Command {
    Invite(usize, usize),
    Accept(usize, f64),
    Arrive(usize, f64),
    Decline(usize),
    Leave(usize),
    Depart(usize),
    TakeFloor(usize),
    Line(usize, Option<usize>),
    Release(usize),
    Wait(i64),
    /// Does what a talkative holder would do, so that runs get to the limit.
    Chat,
}

fn command() -> impl Strategy<Value = Command> {
    // The first few more often, so that they meet.
    let who = || prop_oneof![3 => 0..4usize, 1 => 0..AGENTS];
    prop_oneof![
        2 => (who(), who()).prop_map(|(by, whom)| Command::Invite(by, whom)),
        4 => (who(), prop_oneof![4 => 0.0..5.0f64, 1 => 5.0..25.0f64]).prop_map(|(agent, distance)| Command::Accept(agent, distance)),
        1 => (who(), 0.0..10.0f64).prop_map(|(agent, distance)| Command::Arrive(agent, distance)),
        1 => who().prop_map(Command::Decline),
        1 => who().prop_map(Command::Leave),
        1 => who().prop_map(Command::Depart),
        2 => who().prop_map(Command::TakeFloor),
        2 => (who(), prop::option::of(who())).prop_map(|(agent, to)| Command::Line(agent, to)),
        1 => who().prop_map(Command::Release),
        2 => prop_oneof![6 => 0i64..5_000, 1 => 0i64..70_000].prop_map(Command::Wait),
        12 => Just(Command::Chat),
    ]
}

/// Applies a command to a copy, as a verb does; a refused one changes nothing.
fn apply(
    before: &Conversation,
    command: &Command,
    agents: &[Arc<Profile>],
    now: &mut Timestamp,
    dice: u64,
) -> Conversation {
    let mut after = before.clone();
    let is_done = match command {
        Command::Invite(by, whom) => after.invite(agents[*by].id, &agents[*whom], *now).is_ok(),
        Command::Accept(agent, distance_m) => after.accept(agents[*agent].id, *distance_m, *now).is_ok(),
        Command::Arrive(agent, distance_m) => after.arrive(agents[*agent].id, *distance_m, *now).is_some(),
        Command::Decline(agent) => after.decline(agents[*agent].id, *now, dice).is_ok(),
        Command::Leave(agent) => after.leave(agents[*agent].id, *now, dice).is_ok(),
        Command::Depart(agent) => after
            .depart(agents[*agent].id, Departure::Left, *now, dice)
            .is_some(),
        Command::TakeFloor(agent) => after.take_floor(agents[*agent].id, *now).is_ok(),
        Command::Line(agent, to) => {
            let to: Vec<_> = to.iter().map(|to| agents[*to].handle.clone()).collect();
            after.line(agents[*agent].id, "hi", &to, *now, dice).is_ok()
        }
        Command::Release(agent) => after.release(agents[*agent].id, dice).is_ok(),
        Command::Wait(ms) => {
            *now = now.plus_ms(*ms);
            let happenings = after.on_time(*now, dice);
            assert!(
                after.next_deadline().is_none_or(|due| due > *now),
                "the actor would spin"
            );
            !happenings.is_empty()
        }
        Command::Chat => {
            *now = now.plus_ms(2_000);
            after.on_time(*now, dice);
            let taker = after.participants().next().map(|member| member.agent);
            let speaker = after.floor.as_ref().map(|floor| floor.holder).or(taker);
            if let Some(speaker) = speaker {
                let _ = after.take_floor(speaker, *now);
                let _ = after.line(speaker, "hi", &[], *now, dice);
            }
            true
        }
    };
    if !is_done {
        assert_eq!(&after, before, "a refused command changed the state");
    }
    after
}

fn check(before: &Conversation, after: &Conversation) -> Result<(), TestCaseError> {
    if before.phase == Phase::Closed {
        prop_assert_eq!(before, after);
    }
    prop_assert!((1..=MEMBERS_MAX).contains(&after.members.len()));
    let mut ids: Vec<_> = after.members.iter().map(|member| member.agent).collect();
    ids.sort();
    ids.dedup();
    prop_assert_eq!(ids.len(), after.members.len());
    let takes_part = |agent| {
        after
            .member(agent)
            .is_some_and(|member| member.phase == MemberPhase::Participating)
    };
    // The type allows one holder; the holder and who is next take part in an open conversation, and exclude each other.
    let floor = after.floor.as_ref().map(|floor| floor.holder);
    prop_assert!(floor.into_iter().chain(after.next_speaker).all(takes_part));
    prop_assert!(floor.is_none() || after.next_speaker.is_none());
    prop_assert!(after.phase == Phase::Open || (floor.is_none() && after.next_speaker.is_none()));
    // Dense: a step adds one line or none.
    prop_assert!((0..=1).contains(&(after.line_count - before.line_count)));
    prop_assert!(after.line_count <= 48);
    for member in before.members.iter().filter(|member| member.has_said_farewell) {
        let later = after.member(member.agent);
        prop_assert!(
            later.is_none_or(|later| later.spoke_at == member.spoke_at),
            "spoke after its farewell"
        );
    }
    prop_assert_eq!(after.phase == Phase::Closed, after.next_deadline().is_none());
    let taking_part = after.participants().count();
    match after.phase {
        Phase::Proposed => prop_assert_eq!(taking_part, 1),
        Phase::Open | Phase::Closing => prop_assert!(taking_part >= 2),
        Phase::Closed => {}
    }
    let is_ending = matches!(after.phase, Phase::Closing | Phase::Closed);
    prop_assert_eq!(is_ending, after.close_reason.is_some());
    Ok(())
}

fn agents() -> Vec<Arc<Profile>> {
    (0..AGENTS).map(|number| profile(&format!("a{number}"))).collect()
}

fn proposal(agents: &[Arc<Profile>], invitees: usize) -> Conversation {
    let invited: Vec<&Profile> = agents[1..=invitees].iter().map(|profile| &**profile).collect();
    Conversation::propose(
        ConversationId(Uuid::nil()),
        "plaza",
        None,
        &agents[0],
        &invited,
        Timestamp(0),
    )
    .0
}

proptest! {
    #[test]
    fn no_sequence_of_commands_breaks_an_invariant(
        invitees in 1usize..8,
        commands in prop::collection::vec((command(), any::<u64>()), 1..120),
    ) {
        let agents = agents();
        let (mut state, mut now) = (proposal(&agents, invitees), Timestamp(0));
        for (command, dice) in commands {
            let after = apply(&state, &command, &agents, &mut now, dice);
            check(&state, &after)?;
            // What is stored is what is loaded.
            let stored = serde_json::to_string(&after).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Conversation>(&stored).unwrap(), &after);
            state = after;
        }
    }

    #[test]
    fn every_conversation_left_alone_closes(invitees in 1usize..8, commands in prop::collection::vec((command(), any::<u64>()), 0..40)) {
        let agents = agents();
        let (mut state, mut now) = (proposal(&agents, invitees), Timestamp(0));
        for (command, dice) in commands {
            state = apply(&state, &command, &agents, &mut now, dice);
        }
        for _ in 0..100 {
            let Some(due) = state.next_deadline() else { break };
            now = now.max(due);
            prop_assert!(!state.on_time(now, 0).is_empty(), "nothing was due at the deadline");
        }
        prop_assert_eq!(state.phase, Phase::Closed);
    }
}
