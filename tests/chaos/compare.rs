//! Compares what the bots wrote down with what the database holds.

use crate::dice::Dice;
use crate::journal::{self, Journal, Line, Order};
use crate::server::{Identity, World};
use rookery::base::id::AgentId;
use rookery::domain::agent::Handle;
use rookery::host::clock::Clock;
use rookery::store::Reader;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// What every new agent gets.
const GRANT: i64 = 100_000;
/// Commands that are asked for over HTTP too.
const SAMPLE: usize = 200;

/// What was found.
#[derive(Default)]
pub struct Found {
    /// Commands acknowledged as committed.
    pub acknowledged: usize,
    /// Payments among them.
    pub payments: usize,
    /// Chat messages among them.
    pub speeches: usize,
    /// Commands refused for good.
    pub refused: usize,
    /// Answers beyond the first that were the same.
    pub repeats: usize,
    /// Times that a bot did not know.
    pub unknown: usize,
    /// Acknowledged, and not there.
    pub lost: usize,
    /// There more than once, or never asked for.
    pub twice: usize,
    /// All that is wrong.
    pub faults: Vec<String>,
}

/// Writes down an acknowledgement that the server never gave, to see that the comparison finds it.
pub fn lie(path: &Path, clock: Clock) {
    let mut journal = Journal::open(path, clock);
    journal.note(
        "lie-1",
        Line::Invoke {
            order: Order::Say {
                message: "this was never said".to_owned(),
            },
        },
    );
    journal.note(
        "lie-1",
        Line::Ok {
            seq: 1,
            shard: 1,
            result: Value::Null,
            replayed: false,
        },
    );
}

/// A command as its bot saw it.
struct Command {
    payer: String,
    order: Order,
    answers: Vec<(i64, i64, Value)>,
    codes: BTreeSet<String>,
}

/// Compares everything.
pub async fn compare(world: &World, bots: &[Identity], paths: &[PathBuf], dice: &mut Dice) -> Found {
    let mut found = Found::default();
    let commands = read_journals(bots, paths, &mut found);
    // The store blocks, so it wants a thread without a runtime.
    let (commands, found) = (&commands, &mut found);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut reader = world.reader();
            let ids = bots
                .iter()
                .map(|bot| (bot.agent_id.clone(), id_of(&mut reader, bot)))
                .collect();
            compare_commands(commands, &ids, &mut reader, found);
            compare_money(commands, &ids, &mut reader, found);
            compare_totals(bots.len(), &mut reader, found);
        });
        reading.join().expect("the comparison runs to its end");
    });
    ask_over_http(world, bots, commands, dice, found).await;
    std::mem::take(found)
}

fn id_of(reader: &mut Reader, bot: &Identity) -> AgentId {
    let handle = Handle::new(&bot.agent_id).expect("the server made it");
    reader
        .agent_by_handle(&handle)
        .expect("the database answers")
        .expect("the agent is there")
        .id
}

fn read_journals(bots: &[Identity], paths: &[PathBuf], found: &mut Found) -> BTreeMap<String, Command> {
    let mut commands: BTreeMap<String, Command> = BTreeMap::new();
    for (bot, path) in bots.iter().zip(paths) {
        for entry in journal::read(path) {
            let command = match entry.line {
                Line::Invoke { order } => {
                    let new = || Command {
                        payer: bot.agent_id.clone(),
                        order: order.clone(),
                        answers: Vec::new(),
                        codes: BTreeSet::new(),
                    };
                    let command = commands.entry(entry.command_id).or_insert_with(new);
                    assert_eq!(command.order, order, "a bot never uses an id for two things");
                    continue;
                }
                _ => commands
                    .get_mut(&entry.command_id)
                    .expect("asked before it was answered"),
            };
            match entry.line {
                Line::Ok {
                    seq, shard, result, ..
                } => command.answers.push((shard, seq, result)),
                Line::Fail { code } => drop(command.codes.insert(code)),
                Line::Unknown => found.unknown += 1,
                Line::Invoke { .. } => {}
            }
        }
    }
    commands
}

fn compare_commands(
    commands: &BTreeMap<String, Command>,
    ids: &HashMap<String, AgentId>,
    reader: &mut Reader,
    found: &mut Found,
) {
    let mut numbers: HashMap<(i64, i64), &str> = HashMap::new();
    for (id, command) in commands {
        let stored = reader
            .find_command(ids[&command.payer], id)
            .expect("the database answers");
        let Some(first) = command.answers.first() else {
            found.refused += usize::from(!command.codes.is_empty());
            let is_done = stored.as_ref().is_some_and(|stored| stored.outcome.is_ok());
            if command.codes.is_empty() {
                found.faults.push(format!("{id} was never answered"));
            } else if is_done {
                found.twice += 1;
                found
                    .faults
                    .push(format!("{id} was refused ({:?}) and done", command.codes));
            } else if command.codes.len() > 1 || command.codes.iter().any(|code| code != "insufficient_funds")
            {
                found.faults.push(format!(
                    "{id} was refused in an unexpected way: {:?}",
                    command.codes
                ));
            }
            continue;
        };
        found.acknowledged += 1;
        match command.order {
            Order::Pay { .. } => found.payments += 1,
            Order::Say { .. } => found.speeches += 1,
        }
        found.repeats += command.answers.len() - 1;
        if command.answers.iter().any(|answer| answer != first) || !command.codes.is_empty() {
            found.twice += 1;
            found.faults.push(format!(
                "{id} was answered in two ways: {:?} {:?}",
                command.answers, command.codes
            ));
        }
        if let Some(other) = numbers.insert((first.0, first.1), id) {
            found.twice += 1;
            found.faults.push(format!(
                "{id} and {other} have the same number {}/{}",
                first.0, first.1
            ));
        }
        let is_there = stored.as_ref().is_some_and(|stored| {
            (i64::from(stored.shard.0), stored.seq) == (first.0, first.1)
                && stored.outcome.as_ref().is_ok_and(|result| *result == first.2)
        });
        if !is_there {
            found.lost += 1;
            found.faults.push(format!(
                "{id} was acknowledged as {first:?}, the database holds {stored:?}"
            ));
        }
    }
}

/// Every transfer was asked for, none is missing, and the balances are what the journals say.
fn compare_money(
    commands: &BTreeMap<String, Command>,
    ids: &HashMap<String, AgentId>,
    reader: &mut Reader,
    found: &mut Found,
) {
    let mut balances: BTreeMap<&str, i64> = ids.keys().map(|handle| (handle.as_str(), GRANT)).collect();
    let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for command in commands.values() {
        let (Order::Pay { to, amount }, Some((_, _, result))) = (&command.order, command.answers.first())
        else {
            continue;
        };
        *balances.entry(command.payer.as_str()).or_default() -= amount;
        *balances.entry(to.as_str()).or_default() += amount;
        match result["transfer_id"].as_str() {
            Some(id) => drop(asked.entry(&command.payer).or_default().insert(id)),
            None => found
                .faults
                .push(format!("a payment was acknowledged as {result}")),
        }
    }
    let mut sum = 0;
    for (handle, id) in ids {
        let balance = reader
            .balance(*id)
            .expect("the database answers")
            .expect("the agent has a wallet");
        sum += balance;
        if balances[handle.as_str()] != balance {
            found.faults.push(format!(
                "{handle} has {balance}, its journal says {}",
                balances[handle.as_str()]
            ));
        }
        let made = transfers_of(reader, *id);
        let unique: BTreeSet<&str> = made.iter().map(String::as_str).collect();
        let asked = asked.get(handle.as_str()).cloned().unwrap_or_default();
        let (lost, strange) = (
            asked.difference(&unique).count(),
            unique.difference(&asked).count(),
        );
        let twice = made.len() - unique.len() + strange;
        if lost + twice > 0 {
            found.faults.push(format!(
                "{handle}: {lost} transfers are missing, {twice} were not asked for"
            ));
        }
        (found.lost, found.twice) = (found.lost + lost, found.twice + twice);
    }
    let granted = GRANT * i64::try_from(ids.len()).expect("there are few bots");
    if sum != granted {
        found
            .faults
            .push(format!("the bots have {sum} together instead of {granted}"));
    }
}

/// The ids of all transfers that an agent made.
fn transfers_of(reader: &mut Reader, agent: AgentId) -> Vec<String> {
    let (mut made, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = reader
            .statement(agent, 1_000, cursor.as_deref())
            .expect("the database answers")
            .expect("the agent is there");
        let rows = page["transfers"].as_array().expect("a list");
        let out = rows.iter().filter(|row| row["direction"] == "out");
        made.extend(out.map(|row| row["transfer_id"].as_str().expect("an id").to_owned()));
        match page["cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return made,
        }
    }
}

/// The tables hold what was acknowledged and nothing else.
fn compare_totals(bots: usize, reader: &mut Reader, found: &mut Found) {
    let totals = reader.totals().expect("the database answers");
    let count = |number: usize| i64::try_from(number).expect("a run is short");
    for (what, stored, expected) in [
        ("transfers", totals.transfers, count(bots + found.payments)),
        ("chat messages", totals.messages, count(found.speeches)),
    ] {
        if stored != expected {
            found.twice += usize::from(stored > expected);
            found.lost += usize::from(stored < expected);
            found.faults.push(format!(
                "{stored} {what} are stored, {expected} were acknowledged"
            ));
        }
    }
}

/// The server that came back gives the same answers.
async fn ask_over_http(
    world: &World,
    bots: &[Identity],
    commands: &BTreeMap<String, Command>,
    dice: &mut Dice,
    found: &mut Found,
) {
    let http = reqwest::Client::new();
    let all: Vec<(&String, &Command)> = commands
        .iter()
        .filter(|(_, command)| !command.answers.is_empty())
        .collect();
    for _ in 0..SAMPLE.min(all.len()) {
        let (id, command) = all[dice.index(all.len())];
        let bot = bots
            .iter()
            .find(|bot| bot.agent_id == command.payer)
            .expect("a bot of ours");
        let url = format!(
            "http://{}/api/v1/agents/{}/commands/{id}",
            world.address, bot.agent_id
        );
        let answer = http
            .get(url)
            .bearer_auth(&bot.token)
            .send()
            .await
            .expect("the server answers");
        let status = answer.status();
        let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).unwrap_or_default();
        let (_, seq, result) = &command.answers[0];
        if body["seq"] != *seq || body["result"] != *result {
            found.faults.push(format!(
                "GET of {id} says {status} {body}, acknowledged was {seq} {result}"
            ));
        }
    }
}
