//! A bot: asks, notes, comes back after each crash and asks again with the same ids.

use crate::client::{Client, Gone};
use crate::dice::Dice;
use crate::journal::{Journal, Line, Order};
use crate::server::Identity;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// Commands under way at a time.
const WINDOW: usize = 4;
/// So many refusals as `moving` in a row, about a second of them, and the bot looks for another node.
const MOVING_MAX: usize = 50;
/// A bot that roams goes to another region every so many commands.
const ROAM_EVERY: u64 = 20;
/// More than anybody has: such a payment is refused.
const TOO_MUCH: i64 = 1_000_000_000;
/// Earlier commands that may be asked again.
const REMEMBERED: usize = 64;

/// What the bots and the driver share.
#[derive(Default)]
pub struct Shared {
    /// Commands acknowledged, repeats not counted.
    pub acks: watch::Sender<usize>,
    /// The same by the shard that acknowledged.
    pub served: Mutex<BTreeMap<i64, usize>>,
    /// Commands under way.
    pub open: AtomicUsize,
    /// Nothing new any more: finish what is open.
    pub is_draining: AtomicBool,
    /// How often each code was heard that asks to come again.
    pub temporary: Mutex<BTreeMap<String, usize>>,
    /// Why sockets that were open ended, and how often.
    pub ends: Mutex<BTreeMap<String, usize>>,
    /// How often a bot was served for the first time on a new socket.
    pub back: watch::Sender<usize>,
    /// Handshakes that were refused with a time to come back.
    pub told_when: AtomicUsize,
    /// Most sockets that a bot opened, or tried to, until it was served.
    pub tries_most: AtomicUsize,
}

/// A command and whether it was answered before.
#[derive(Clone)]
struct Asked {
    id: String,
    order: Order,
    is_repeat: bool,
}

/// One bot.
pub struct Bot {
    me: Identity,
    others: Arc<[Identity]>,
    journal: Journal,
    dice: Dice,
    shared: Arc<Shared>,
    pace: Duration,
    patience: Duration,
    made: u64,
    moving: usize,
    /// Since it was last served; 0 while it is.
    tries: usize,
    open: VecDeque<Asked>,
    answered: VecDeque<Asked>,
    regions: Arc<[String]>,
    sockets: usize,
}

impl Bot {
    /// A bot with its journal and its own chance.
    pub fn new(
        me: Identity,
        others: Arc<[Identity]>,
        journal: Journal,
        dice: Dice,
        shared: Arc<Shared>,
        (pace, patience): (Duration, Duration),
    ) -> Self {
        Self {
            me,
            others,
            journal,
            dice,
            shared,
            pace,
            patience,
            made: 0,
            moving: 0,
            tries: 0,
            open: VecDeque::new(),
            answered: VecDeque::new(),
            regions: Arc::from([]),
            sockets: 0,
        }
    }

    /// A bot that goes through these regions.
    pub fn roaming(self, regions: &[String]) -> Self {
        let regions = regions.into();
        Self { regions, ..self }
    }

    /// Lives until it is told to drain and all its commands are answered.
    /// `addresses`: of the nodes; whoever does not take it in is left for the next.
    /// Gives how many sockets it had.
    pub async fn live(mut self, addresses: Arc<[SocketAddr]>) -> usize {
        for address in addresses.iter().cycle().copied() {
            if self.is_done() {
                return self.sockets;
            }
            self.tries += 1;
            self.shared.tries_most.fetch_max(self.tries, Ordering::SeqCst);
            // As every client, it comes back after a pause of its own, so that not all come at once: no wait for a state.
            let mut pause = Duration::from_millis(20 + self.dice.below(40));
            let opening = timeout(self.patience, Client::connect(address, Some(&self.me.token)));
            match opening.await.unwrap_or_else(|_elapsed| Err(Gone("stuck".into()))) {
                Ok(mut client) => {
                    client.is_deaf = true;
                    self.moving = 0;
                    self.sockets += 1;
                    let Err(Gone(why)) = self.talk(client).await else {
                        return self.sockets;
                    };
                    count(&self.shared.ends, why);
                    for asked in self.open.iter().filter(|asked| !asked.is_repeat) {
                        self.journal.note(&asked.id, Line::Unknown);
                    }
                }
                Err(gone) => {
                    if let Some(told) = gone.retry_after() {
                        self.shared.told_when.fetch_add(1, Ordering::SeqCst);
                        pause = told;
                    }
                }
            }
            sleep(pause).await;
        }
        self.sockets
    }

    fn is_done(&self) -> bool {
        self.shared.is_draining.load(Ordering::SeqCst) && self.open.is_empty()
    }

    /// Talks on one socket until there is nothing more to say.
    async fn talk(&mut self, mut client: Client) -> Result<(), Gone> {
        let mut numbers: HashMap<u64, String> = HashMap::new();
        self.roam(&mut client).await?;
        for asked in self.open.clone() {
            let number = self.send(&mut client, &asked).await?;
            numbers.insert(number, asked.id);
        }
        // Spread from the beginning: bots that all act at the same moment are silent together in between.
        let (mut next_at, mut heard_at) = (Instant::now() + part(&mut self.dice, self.pace), Instant::now());
        while !self.is_done() {
            let is_draining = self.shared.is_draining.load(Ordering::SeqCst);
            let now = Instant::now();
            if !is_draining && self.open.len() < WINDOW && now >= next_at {
                next_at = now + self.pace / 2 + part(&mut self.dice, self.pace);
                if self.made.is_multiple_of(ROAM_EVERY) {
                    self.roam(&mut client).await?;
                }
                let asked = self.think();
                self.journal.note(
                    &asked.id,
                    Line::Invoke {
                        order: asked.order.clone(),
                    },
                );
                self.shared.open.fetch_add(1, Ordering::SeqCst);
                self.open.push_back(asked.clone());
                let number = self.send(&mut client, &asked).await?;
                numbers.insert(number, asked.id);
            }
            let until = if is_draining || self.open.len() >= WINDOW {
                now + self.pace
            } else {
                next_at
            };
            match timeout_at(until, client.reply()).await {
                Err(_elapsed) if !self.open.is_empty() && heard_at.elapsed() > self.patience => {
                    return Err(Gone("no answer".into()));
                }
                Err(_elapsed) => {}
                Ok(reply) => {
                    heard_at = Instant::now();
                    let reply = reply?;
                    let id = reply["id"].as_u64().and_then(|number| numbers.remove(&number));
                    if self.moving > MOVING_MAX {
                        return Err(Gone("moved".into()));
                    }
                    if let Some(again) = id.and_then(|id| self.hear(&id, &reply)) {
                        // The refusal was temporary: a client that asks again at once asks in vain.
                        sleep(Duration::from_millis(20)).await;
                        let number = self.send(&mut client, &again).await?;
                        numbers.insert(number, again.id);
                    }
                }
            }
        }
        Ok(())
    }

    /// Goes to another region. Whether it comes there is not looked at: it acts wherever it is.
    async fn roam(&mut self, client: &mut Client) -> Result<(), Gone> {
        if self.regions.is_empty() {
            return Ok(());
        }
        let region = &self.regions[self.dice.index(self.regions.len())];
        let place = json!({"region": region, "x": 100.0, "y": 100.0});
        client.act("teleport", &place).await.map(|_number| ())
    }

    async fn send(&self, client: &mut Client, asked: &Asked) -> Result<u64, Gone> {
        let (action, data) = match &asked.order {
            Order::Pay { to, amount } => ("pay", json!({"to": to, "amount": amount, "command_id": asked.id})),
            Order::Say { message } => ("say", json!({"message": message, "command_id": asked.id})),
        };
        // A killed server may leave a socket that takes nothing more.
        timeout(self.patience, client.act(action, &data))
            .await
            .map_err(|_elapsed| Gone("stuck".into()))?
    }

    /// What to ask next: mostly something new, now and then something that was answered already.
    fn think(&mut self) -> Asked {
        if !self.answered.is_empty() && self.dice.below(20) == 0 {
            let index = self.dice.index(self.answered.len());
            return Asked {
                is_repeat: true,
                ..self.answered[index].clone()
            };
        }
        self.made += 1;
        let id = format!("{}-{}", self.me.agent_id, self.made);
        let order = if self.dice.below(4) == 0 {
            Order::Say {
                message: format!("this is {id}"),
            }
        } else {
            let others: Vec<&Identity> = self
                .others
                .iter()
                .filter(|other| other.agent_id != self.me.agent_id)
                .collect();
            let to = others[self.dice.index(others.len())].agent_id.clone();
            let is_too_much = self.dice.below(100) == 0;
            let amount = i64::try_from(1 + self.dice.below(9)).expect("it is small");
            Order::Pay {
                to,
                amount: if is_too_much { TOO_MUCH } else { amount },
            }
        };
        Asked {
            id,
            order,
            is_repeat: false,
        }
    }

    /// Notes an answer. Gives the command back when it is to be sent again.
    fn hear(&mut self, id: &str, reply: &Value) -> Option<Asked> {
        let index = self.open.iter().position(|asked| asked.id == id)?;
        let error = &reply["error"];
        let code = error["message"]
            .as_str()
            .unwrap_or_default()
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned();
        // After a restart the agent may still be on its way in.
        if error["temporary"] == true || code == "not_in_world" {
            self.journal.note(id, Line::Unknown);
            self.moving = if code == "moving" { self.moving + 1 } else { 0 };
            count(&self.shared.temporary, code);
            return Some(self.open[index].clone());
        }
        self.moving = 0;
        if std::mem::take(&mut self.tries) > 0 {
            self.shared.back.send_modify(|back| *back += 1);
        }
        let asked = self.open.remove(index).expect("it was found just now");
        self.shared.open.fetch_sub(1, Ordering::SeqCst);
        if error.is_null() {
            let data = &reply["rpc"]["data"];
            assert_eq!(
                data["durability"], "committed",
                "a durable action says so: {reply}"
            );
            let number = |name: &str| {
                data[name]
                    .as_i64()
                    .unwrap_or_else(|| panic!("{name} is missing: {reply}"))
            };
            let replayed = data["replayed"] == true;
            if !replayed {
                let mut served = self.shared.served.lock().expect("nobody failed with it");
                *served.entry(number("shard")).or_default() += 1;
            }
            self.journal.note(
                id,
                Line::Ok {
                    seq: number("seq"),
                    shard: number("shard"),
                    result: data["result"].clone(),
                    replayed,
                },
            );
            self.shared
                .acks
                .send_modify(|acks| *acks += usize::from(!asked.is_repeat));
        } else {
            self.journal.note(id, Line::Fail { code });
        }
        if !asked.is_repeat {
            self.answered.push_back(asked);
            if self.answered.len() > REMEMBERED {
                self.answered.pop_front();
            }
        }
        None
    }
}

fn count(counts: &Mutex<BTreeMap<String, usize>>, what: String) {
    *counts
        .lock()
        .expect("nobody failed with it")
        .entry(what)
        .or_default() += 1;
}

/// A part of a time.
fn part(dice: &mut Dice, whole: Duration) -> Duration {
    let most = u64::try_from(whole.as_micros()).expect("times are short");
    Duration::from_micros(dice.below(most))
}
