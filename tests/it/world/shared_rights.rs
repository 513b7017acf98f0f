//! Rights to channels on two nodes: what an owner decides on one of them counts on the other, with Redis and without.

use super::shared::Nodes;
use crate::agent::Agent;
use crate::client::Socket;
use crate::world::{unique, until};
use rookery::wire::Encoding;
use rookery::wire::push::Publication;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The code by which the server ends a subscription for good.
const UNSUBSCRIBED: u32 = 2000;
/// The code by which it ends one that the client is to begin anew.
const LOST: u32 = 2500;
/// How long a right that was taken back may count. Source: features.md CE-8.
const GONE_AFTER: Duration = Duration::from_secs(1);
/// Rounds of the race unless `ROOKERY_RIGHTS_ROUNDS` says otherwise.
const ROUNDS: usize = 60;

struct Stage {
    world: Nodes,
    owner: Agent,
    reader: Agent,
    /// The reader's, on the second node.
    socket: Socket,
}

impl Stage {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(variables: &[(&'static str, String)]) -> Self {
        let world = Nodes::start_with(2, variables).await;
        world.show_logs_on_panic();
        world.until_even().await;
        let owner = world.nodes[0].agent("owner").await;
        let reader = world.nodes[0].agent("reader").await.at(world.nodes[1].port());
        let socket = connected(&reader).await;
        Self {
            world,
            owner,
            reader,
            socket,
        }
    }

    fn channel(&self, topic: &str) -> String {
        format!("agent.{}.{topic}", self.owner.handle)
    }

    async fn decide(&self, path: &str, channel: &str) {
        let body = json!({"channel": channel, "target": self.reader.handle});
        until("the owner may decide", async || {
            let body = body.clone();
            let answer = self.owner.post(path, body).await;
            (answer.status == 200).then_some(()).or_else(|| {
                assert_eq!(answer.body["temporary"], true, "{path}: {}", answer.body);
                None
            })
        })
        .await;
    }

    async fn come(&mut self, channel: &str) {
        let socket = &mut self.socket;
        until("the reader comes in", async || {
            match socket.subscribe(channel).await {
                Ok(_) => Some(()),
                Err(error) if error.code == 105 => Some(()),
                Err(error) => {
                    assert!(error.temporary || error.code == 103, "{error:?}");
                    None
                }
            }
        })
        .await;
    }

    /// Waits until the channel is taken away for good. Gives whether it was the right that ended it: where a shard moves on a busy
    /// machine, that may come first.
    async fn is_put_off(&mut self, channel: &str) -> bool {
        let code = self
            .socket
            .push(&format!("{channel} is taken away"), |push| {
                let unsubscribe = push.unsubscribe.as_ref().filter(|_| push.channel == channel)?;
                Some(unsubscribe.code)
            })
            .await;
        assert!([UNSUBSCRIBED, LOST].contains(&code), "{code}");
        let socket = &mut self.socket;
        until("it has no right", async || {
            let error = socket.subscribe(channel).await.err()?;
            assert!([103, 105].contains(&error.code) || error.temporary, "{error:?}");
            (error.code == 103).then_some(())
        })
        .await;
        code == UNSUBSCRIBED
    }

    /// A lock, a revoke and what they leave, for so many channels that each node is the home of some.
    async fn takes_rights_back(&mut self, kind: &str) {
        let mut count = 0;
        for n in 0..6 {
            let channel = self.channel(&format!("{kind}-{n}"));
            self.come(&channel).await;
            self.decide("/api/lock", &channel).await;
            count += usize::from(self.is_put_off(&channel).await);
            self.decide("/api/grant", &channel).await;
            self.come(&channel).await;
            self.decide("/api/revoke", &channel).await;
            count += usize::from(self.is_put_off(&channel).await);
        }
        assert!(count > 0, "no subscription was ended by a right");
    }
}

/// A socket that is let in, if not at once.
async fn connected(agent: &Agent) -> Socket {
    until("it is let in", async || {
        let mut socket = agent.open(Encoding::Json).await;
        match socket.connect(agent.hello()).await {
            Ok(_) => Some(socket),
            Err(error) => {
                assert!(error.temporary, "{error:?}");
                None
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_right_taken_back_on_one_node_is_gone_on_the_other() {
    let mut stage = Stage::start().await;
    stage.takes_rights_back("with").await;
}

#[tokio::test]
async fn without_redis_the_database_tells() {
    let mut stage = Stage::start().await;
    let before = stage.channel("before");
    stage.come(&before).await;
    stage.world.redis.kill();
    stage.decide("/api/lock", &before).await;
    stage.is_put_off(&before).await;
    // What has its home on the other node cannot be subscribed to now, so only those of the reader's own are told of.
    let mut told = 0;
    for n in 0..12 {
        let channel = stage.channel(&format!("without-{n}"));
        match stage.socket.subscribe(&channel).await {
            Ok(_) => {
                stage.decide("/api/lock", &channel).await;
                stage.is_put_off(&channel).await;
                told += 1;
            }
            Err(error) => assert!(error.temporary, "{error:?}"),
        }
    }
    assert!(told > 0);
    stage.world.redis.restart();
    stage.takes_rights_back("again").await;
}

/// With a part of a look that always fails.
async fn check_ends_without(point: &str) {
    let mut stage = Stage::start_with(&[("ROOKERY_FAULT", format!("{point}="))]).await;
    for n in 0..4 {
        let channel = stage.channel(&format!("unseen-{n}"));
        stage.come(&channel).await;
        stage.decide("/api/lock", &channel).await;
        assert!(!stage.is_put_off(&channel).await);
    }
}

#[tokio::test]
async fn who_cannot_look_what_changed_ends_what_hangs_on_it() {
    check_ends_without("rights.look").await;
}

#[tokio::test]
async fn who_cannot_read_the_rules_that_changed_has_everybody_ask_again() {
    check_ends_without("rights.judge").await;
}

/// When the reader has the right: the moments at which the owner asked for a grant, and heard that a revoke was done.
#[derive(Default)]
struct Times {
    /// Of each round: when the grant was asked for, and when the revoke was answered.
    rounds: Vec<(Instant, Option<Instant>)>,
}

impl Times {
    /// Whether something that was published between two moments was the reader's to hear.
    fn may_hear(&self, published: (Instant, Instant)) -> bool {
        self.rounds.iter().any(|(granted_at, revoked_at)| {
            let is_late = revoked_at.is_some_and(|revoked_at| published.0 > revoked_at + GONE_AFTER);
            *granted_at <= published.1 && !is_late
        })
    }
}

fn rounds() -> usize {
    let wanted = std::env::var("ROOKERY_RIGHTS_ROUNDS").ok();
    wanted.map_or(ROUNDS, |text| text.parse().expect("a number of rounds"))
}

/// A small number that is different each time, from a seed that is printed.
fn next(seed: &mut u64, below: u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed % below
}

/// Publishes numbers until it is told to stop; gives when each was sent and answered.
async fn publish_numbers(
    mut socket: Socket,
    channel: String,
    stop: watch::Receiver<bool>,
) -> Vec<(Instant, Instant)> {
    let mut sent = Vec::new();
    while !*stop.borrow() {
        // Of what is refused for the moment the number is used up.
        let (number, sent_at) = (sent.len(), Instant::now());
        let _ = socket.publish(&channel, &json!(number)).await;
        sent.push((sent_at, Instant::now()));
        // Not so fast that a reader is closed for being slow.
        pause(1).await;
    }
    sent
}

fn number_of(publication: &Publication) -> usize {
    let data: Value = serde_json::from_slice(&publication.data).expect("JSON");
    let number = data["payload"].as_u64().expect("a number");
    usize::try_from(number).expect("not so many")
}

/// Subscribes whenever it is not subscribed, until it is told to stop; gives the numbers that it heard.
async fn read_numbers(
    mut socket: Socket,
    channel: String,
    stop: watch::Receiver<bool>,
) -> (Vec<usize>, usize) {
    let (mut heard, mut refused) = (Vec::new(), 0);
    while !*stop.borrow() {
        if socket
            .subscribe(&channel)
            .await
            .is_err_and(|error| error.code == 103)
        {
            refused += 1;
        }
        let pushes = socket.pushes.drain(..).filter(|push| push.channel == channel);
        heard.extend(pushes.filter_map(|push| push.r#pub.as_deref().map(number_of)));
    }
    (heard, refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_heard_a_second_after_a_revoke() {
    let stage = Stage::start().await;
    let channel = stage.channel(&format!("race-{}", unique()));
    stage.decide("/api/lock", &channel).await;
    let mut seed = 0x9E37_79B9_7F4A_7C15 ^ u64::from(std::process::id());
    eprintln!("seed {seed}");
    let (stop, stopped) = watch::channel(false);
    let publishing = tokio::spawn(publish_numbers(
        connected(&stage.owner).await,
        channel.clone(),
        stopped.clone(),
    ));
    let reading = tokio::spawn(read_numbers(
        connected(&stage.reader).await,
        channel.clone(),
        stopped,
    ));
    let mut times = Times::default();
    for _ in 0..rounds() {
        times.rounds.push((Instant::now(), None));
        stage.decide("/api/grant", &channel).await;
        pause(next(&mut seed, 400)).await;
        stage.decide("/api/revoke", &channel).await;
        if let Some(round) = times.rounds.last_mut() {
            round.1 = Some(Instant::now());
        }
        // Now and then so long that whatever comes late is seen.
        let longest = if next(&mut seed, 4) == 0 { 2_500 } else { 200 };
        pause(next(&mut seed, longest)).await;
    }
    // And once for certain.
    pause(2_500).await;
    stop.send(true).expect("both listen");
    let (sent, (heard, refused)) = (
        publishing.await.expect("it publishes"),
        reading.await.expect("it reads"),
    );
    let (_, last) = times.rounds.last().expect("a round");
    let late = last.expect("it was revoked") + GONE_AFTER;
    let could_be_late = sent.iter().filter(|(sent_at, _)| *sent_at > late).count();
    let violations: Vec<usize> = heard
        .iter()
        .copied()
        .filter(|number| !times.may_hear(sent[*number]))
        .collect();
    eprintln!(
        "{} sent, {} heard, {refused} refused, {could_be_late} sent late, {} violations",
        sent.len(),
        heard.len(),
        violations.len()
    );
    assert!(
        !heard.is_empty() && refused > 0 && could_be_late > 0,
        "a race that cannot fail"
    );
    assert_eq!(violations, [0; 0]);
}

/// Lets some time pass: how long the reader has the right is what the race is about.
async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
