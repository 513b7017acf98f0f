//! A witness: an agent that sits on one node, walks about, and knows what that node may still say once another has the world.

use crate::client::{Client, Gone};
use crate::journal::{Journal, Line, Order};
use crate::server::{Identity, World};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

/// How long a state is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a state.
const LOOK: Duration = Duration::from_millis(20);
/// Longer than any pause: the ends of its way. Units: metres.
const WEST: f64 = 2.0;
const EAST: f64 = 250.0;

/// The agent, with its journal.
pub struct Witness {
    me: Identity,
    journal: Journal,
    made: u64,
    /// It turns round each time that it sits down, so that it never arrives.
    is_eastward: bool,
}

/// A socket of the witness on one node.
pub struct Seat {
    client: Client,
    /// The newest frame that was seen.
    newest: i64,
    /// What was acknowledged as committed on it.
    committed: Vec<u64>,
}

/// A command of the witness.
pub struct Plea {
    id: String,
    message: String,
}

impl Witness {
    /// A witness that notes what it asks.
    pub fn new(me: Identity, journal: Journal) -> Self {
        Self {
            me,
            journal,
            made: 0,
            is_eastward: false,
        }
    }

    /// Sits down on a node, sets out on a long way, and waits until it sees itself walk.
    /// Errors: what did not come.
    pub async fn sit(&mut self, address: SocketAddr) -> Result<Seat, String> {
        let sitting = async {
            loop {
                if let Ok(seat) = self.try_to_sit(address).await {
                    return seat;
                }
                sleep(LOOK).await;
            }
        };
        let seated = timeout(PATIENCE, sitting).await;
        seated.map_err(|_elapsed| format!("the witness found no place on {address}"))
    }

    async fn try_to_sit(&mut self, address: SocketAddr) -> Result<Seat, Gone> {
        let client = Client::connect(address, Some(&self.me.token)).await?;
        let mut seat = Seat {
            client,
            newest: 0,
            committed: Vec::new(),
        };
        self.is_eastward = !self.is_eastward;
        let x = if self.is_eastward { EAST } else { WEST };
        while !seat.ask("move_to", &json!({"x": x, "y": 128.0})).await?["error"].is_null() {
            sleep(LOOK).await;
        }
        while seat.newest == 0 {
            seat.hear().await?;
        }
        Ok(seat)
    }

    /// Something new to say, written down.
    pub fn think(&mut self) -> Plea {
        self.made += 1;
        let id = format!("{}-{}", self.me.agent_id, self.made);
        let message = format!("this is {id}");
        let order = Order::Say {
            message: message.clone(),
        };
        self.journal.note(&id, Line::Invoke { order });
        Plea { id, message }
    }

    /// Says it until it is acknowledged. Errors: it was not.
    pub async fn insist(&mut self, seat: &mut Seat, plea: &Plea) -> Result<(), String> {
        let insisting = async {
            loop {
                let reply = seat.ask("say", &plea.params()).await.map_err(|Gone(why)| why)?;
                if self.note(plea, &reply) {
                    return Ok(());
                }
                sleep(LOOK).await;
            }
        };
        let done = timeout(PATIENCE, insisting).await;
        done.unwrap_or_else(|_elapsed| Err(format!("{} was never acknowledged", plea.id)))
    }

    /// Writes an answer down. Whether it is an acknowledgement.
    fn note(&mut self, plea: &Plea, reply: &Value) -> bool {
        let data = &reply["rpc"]["data"];
        let (Some(seq), Some(shard)) = (data["seq"].as_i64(), data["shard"].as_i64()) else {
            self.journal.note(&plea.id, Line::Unknown);
            return false;
        };
        let line = Line::Ok {
            seq,
            shard,
            result: data["result"].clone(),
            replayed: data["replayed"] == true,
        };
        self.journal.note(&plea.id, line);
        true
    }

    /// Listens to a node that does not have the world any more until it closes the socket: it must not acknowledge the plea that
    /// it was told after that, nor show anything from that tick on. Gives what it did wrong.
    pub async fn suspect(&self, mut seat: Seat, plea: &Plea, number: u64, dead_tick: i64) -> Vec<String> {
        let mut faults = Vec::new();
        let listening = async {
            while let Ok(reply) = seat.hear().await {
                if let Some(tick) = tick_of(&reply).filter(|tick| *tick >= dead_tick) {
                    faults.push(format!("a frame of tick {tick}, the world went at {dead_tick}"));
                }
            }
        };
        if timeout(PATIENCE, listening).await.is_err() {
            faults.push("a node that lost the world keeps its sockets".to_owned());
        }
        if seat.committed.contains(&number) {
            faults.push(format!("{} was acknowledged under an old lease", plea.id));
        }
        faults
    }
}

impl Plea {
    fn params(&self) -> Value {
        json!({"message": self.message, "command_id": self.id})
    }
}

impl Seat {
    /// Says it without waiting for an answer. Gives the request's number.
    pub async fn say(&mut self, plea: &Plea) -> Result<u64, String> {
        let said = self.client.act("say", &plea.params()).await;
        said.map_err(|Gone(why)| format!("a socket that is open takes nothing: {why}"))
    }

    /// Asks where it is until that is refused as `moving`. Errors: it never was.
    pub async fn until_moving(&mut self) -> Result<(), String> {
        let asking = async {
            loop {
                let reply = self
                    .ask("get_location", &json!({}))
                    .await
                    .map_err(|Gone(why)| why)?;
                let said = reply["error"]["message"].as_str().unwrap_or_default();
                if said.starts_with("moving:") {
                    return Ok(());
                }
                sleep(LOOK).await;
            }
        };
        let refused = timeout(PATIENCE, asking).await;
        refused.unwrap_or_else(|_elapsed| Err("nobody was told that the world moves".to_owned()))
    }

    async fn ask(&mut self, action: &str, params: &Value) -> Result<Value, Gone> {
        let number = self.client.act(action, params).await?;
        loop {
            let reply = self.hear().await?;
            if reply["id"] == number {
                return Ok(reply);
            }
        }
    }

    async fn hear(&mut self) -> Result<Value, Gone> {
        let reply = self.client.reply().await?;
        self.newest = self.newest.max(tick_of(&reply).unwrap_or_default());
        if reply["rpc"]["data"]["durability"] == "committed" {
            self.committed.extend(reply["id"].as_u64());
        }
        Ok(reply)
    }
}

/// The tick of a frame.
fn tick_of(reply: &Value) -> Option<i64> {
    let data = &reply["push"]["pub"]["data"];
    data["cell"].is_array().then(|| data["tick"].as_i64())?
}

/// Waits until a node has the world, and gives its tick then. Errors: it did not get it.
pub async fn until_taken_over(world: &World) -> Result<i64, String> {
    let taking = async {
        while !block_in_place(|| world.has_the_world()) {
            sleep(LOOK).await;
        }
    };
    let taken = timeout(PATIENCE, taking).await;
    taken.map_err(|_elapsed| "nobody took the world over".to_owned())?;
    let sql = "SELECT ((extract(epoch FROM clock_timestamp()) * 1000)::bigint - epoch) / tick_ms FROM world";
    let tick = block_in_place(|| world.postgres().query("postgres", sql));
    Ok(tick.parse().expect("a tick is a number"))
}

/// Waits until a node says that it stands by. Errors: it does not.
pub async fn until_stands_by(world: &World) -> Result<(), String> {
    let looking = async {
        loop {
            let page = reqwest::get(format!("http://{}/health/ready", world.address)).await;
            if let Ok(page) = page
                && page.text().await.is_ok_and(|text| text.contains("\"standby\""))
            {
                return;
            }
            sleep(LOOK).await;
        }
    };
    let looked = timeout(PATIENCE, looking).await;
    looked.map_err(|_elapsed| "a node that lost the world does not stand by".to_owned())
}
