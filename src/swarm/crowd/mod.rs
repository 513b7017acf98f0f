//! All members of a run on one thread: sockets that are ready, timers that are due, and the stages from the first socket
//! to the last delivery.

mod act;
mod hear;
mod join;
mod member;
mod memo;
mod timer;

use self::join::Retry;
use self::member::{Member, Place, Role};
use self::memo::Memo;
use self::timer::{Timer, Timers};
use super::layout::{Square, region_of};
use super::ledger::{Ledger, Totals};
use super::pipe::Reader;
use super::plan::{Load, Plan};
use super::progress::Progress;
use super::seats::Seats;
use super::socket::Incoming;
use super::tally::Tally;
use super::world::{Health, health};
use crate::client::Target;
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::host::process::{Usage, usage};
use anyhow::{Context, ensure};
use bytes::BytesMut;
use mio::{Events, Poll};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Sockets that are looked after before the timers are looked at again.
const EVENTS_AT_ONCE: usize = 256;
/// Longest sleep, so that the progress bar moves. Units: milliseconds.
const SLEEP_MAX: Duration = Duration::from_millis(100);
/// How long answers and deliveries are waited for after the last action.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who is on the other side of the sockets.
#[derive(Clone, Debug)]
pub enum Peer {
    /// A Rookery server.
    Server(Target),
    /// The bare loop: it knows no protocol and no places, so everybody is there when it has answered `connect` or `subscribe`.
    Floor(Target),
}

/// What a run found.
pub struct Outcome {
    /// What it counted and timed.
    pub tally: Tally,
    /// What was sent and what came.
    pub totals: Totals,
    /// Members that took part.
    pub joined: usize,
    /// How long was measured in fact.
    pub measured: Duration,
    /// Actions of the measured time without an answer.
    pub unanswered: u64,
    /// The server before the first socket, at the beginning of the measured time and at its end.
    pub server: Option<[Usage; 3]>,
    /// Processor time of this program in the measured time.
    pub client_cpu: Duration,
    /// Length of the server's tick.
    pub tick: Duration,
    /// How the server said it fared at the beginning of the measured time and after the last delivery, and the time between.
    /// Nothing of the floor.
    pub health: Option<([Health; 2], Duration)>,
}

/// Members that hear of the same things.
#[derive(Default)]
struct Audience {
    /// Those who take part now, by their number within the audience.
    present: Seats,
    /// What they heard last.
    memo: Memo,
}

/// All members of a run.
pub struct Crowd<'a> {
    plan: &'a Plan,
    peer: Peer,
    pid: Option<u32>,
    clock: Clock,
    entropy: Entropy,
    poll: Poll,
    members: Vec<Member>,
    audiences: Vec<Audience>,
    by_handle: HashMap<String, usize>,
    ledger: Ledger,
    tally: Tally,
    timers: Timers,
    /// Those who have no socket and may get one.
    waiting: VecDeque<usize>,
    next_join_at: Duration,
    joining: usize,
    ready: usize,
    is_acting: bool,
    is_measuring: bool,
    tick: Duration,
    reader: Reader,
    frame: BytesMut,
    /// What the message that is being read tells of.
    heard: Vec<(usize, u64)>,
}

impl<'a> Crowd<'a> {
    /// The members of a plan, without sockets yet.
    /// Errors: the system has nothing to watch sockets with.
    pub fn new(plan: &'a Plan, peer: Peer, pid: Option<u32>, round: u64) -> anyhow::Result<Self> {
        let members: Vec<Member> = (0..plan.sockets()).map(|number| member(plan, number)).collect();
        let named = members
            .iter()
            .enumerate()
            .filter(|(_, member)| member.identity.is_some());
        let by_handle = named
            .map(|(number, member)| (member.handle().to_owned(), number))
            .collect();
        Ok(Self {
            plan,
            peer,
            pid,
            clock: Clock::system(),
            entropy: Entropy::seeded(plan.seed.wrapping_add(round)),
            poll: Poll::new().context("could not watch sockets")?,
            audiences: std::iter::repeat_with(Audience::default)
                .take(plan.groups())
                .collect(),
            by_handle,
            ledger: Ledger::new(members.len()),
            tally: Tally::default(),
            timers: Timers::default(),
            waiting: (0..members.len()).collect(),
            members,
            next_join_at: Duration::ZERO,
            joining: 0,
            ready: 0,
            is_acting: false,
            is_measuring: false,
            tick: Duration::from_millis(100),
            reader: Reader::default(),
            frame: BytesMut::new(),
            heard: Vec::new(),
        })
    }

    /// Opens all sockets, acts, measures, and waits for what is still on its way.
    /// Errors: nobody could join; the server's process cannot be read.
    pub fn run(mut self, progress: &Progress) -> anyhow::Result<Outcome> {
        let mut events = Events::with_capacity(EVENTS_AT_ONCE);
        let before = self.server()?;
        while self.ready.saturating_add(self.given_up()) < self.members.len() {
            self.turn(&mut events, Duration::MAX)?;
            progress.at("joining", self.ready, self.members.len());
        }
        ensure!(self.ready > 0, "nobody could join: {:?}", self.tally.failed);
        let joined = self.ready;
        self.begin_acting();
        self.spend(&mut events, self.plan.warm_up, progress, "warming up")?;
        // The sockets wait while the server is asked, so it happens before anything is measured.
        let (healthy, asked_at) = (self.health()?, self.now());
        self.is_measuring = true;
        let (began, client, begin) = (self.now(), own_cpu()?, self.server()?);
        self.spend(&mut events, self.plan.measured, progress, "measuring")?;
        let (measured, client_cpu) = (self.now() - began, own_cpu()?.saturating_sub(client));
        let end = self.server()?;
        (self.is_measuring, self.is_acting) = (false, false);
        let patience = self.now() + PATIENCE;
        while self.now() < patience && !self.is_done() {
            self.turn(&mut events, patience)?;
            progress.at("waiting for the last", joined, joined);
        }
        let asked_for = self.now().saturating_sub(asked_at);
        let health = healthy
            .zip(self.health()?)
            .map(|(begin, end)| ([begin, end], asked_for));
        let server = before
            .zip(begin)
            .zip(end)
            .map(|((before, begin), end)| [before, begin, end]);
        let unanswered = self.unanswered();
        Ok(Outcome {
            totals: self.ledger.totals(),
            tally: self.tally,
            joined,
            measured,
            unanswered,
            server,
            client_cpu,
            tick: self.tick,
            health,
        })
    }

    /// Lets the crowd live for a time.
    fn spend(
        &mut self,
        events: &mut Events,
        time: Duration,
        progress: &Progress,
        what: &str,
    ) -> anyhow::Result<()> {
        let (began, end) = (self.now(), self.now().saturating_add(time));
        while self.now() < end {
            self.turn(events, end)?;
            let spent = self.now().saturating_sub(began).min(time);
            progress.at(what, whole_s(spent), whole_s(time));
        }
        Ok(())
    }

    /// One look at timers and sockets; sleeps until something happens, at most until a time.
    fn turn(&mut self, events: &mut Events, until: Duration) -> anyhow::Result<()> {
        let now = self.now();
        self.admit(now);
        while let Some(timer) = self.timers.due(now) {
            self.fire(timer, now);
        }
        let now = self.now();
        let mut wake_at = until.min(now.saturating_add(SLEEP_MAX));
        wake_at = self.timers.next_at().map_or(wake_at, |at| wake_at.min(at));
        if self.may_admit() {
            wake_at = wake_at.min(self.next_join_at);
        }
        match self.poll.poll(events, Some(wake_at.saturating_sub(now))) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in events.iter() {
            self.attend(event.token().0, event.is_writable());
        }
        Ok(())
    }

    fn fire(&mut self, timer: Timer, now: Duration) {
        match timer {
            Timer::Act { number, base, due } => self.act(number, base, due, now),
            Timer::Join(number) => self.waiting.push_back(number),
            Timer::Place { number, attempt } => self.place(number, attempt, now),
            Timer::Deadline { number, attempt } => self.give_up_waiting(number, attempt, now),
        }
    }

    /// A socket is ready: writes what waits, reads what came.
    fn attend(&mut self, number: usize, is_writable: bool) {
        let Some(mut socket) = self
            .members
            .get_mut(number)
            .and_then(|member| member.socket.take())
        else {
            return;
        };
        let mut found: Vec<Incoming> = Vec::new();
        let mut broken = None;
        if is_writable && let Err(error) = socket.flush() {
            broken = Some(error.kind().to_string());
        }
        while broken.is_none() {
            match socket.read(&mut self.reader, &mut found) {
                Ok(filled) => {
                    if self.is_measuring {
                        let count = u64::try_from(filled.count).unwrap_or(0);
                        self.tally.bytes = self.tally.bytes.saturating_add(count);
                    }
                    broken = filled.is_end.then(|| "closed without a code".to_owned());
                    if !filled.is_more {
                        break;
                    }
                }
                Err(error) => broken = Some(error.to_string()),
            }
        }
        if let Some(member) = self.members.get_mut(number) {
            member.socket = Some(socket);
        }
        let now = self.now();
        for incoming in found {
            self.take(number, incoming, now);
        }
        if let Some(why) = broken {
            self.lost(number, &why, Retry::Soon, now);
        }
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    fn is_floor(&self) -> bool {
        matches!(self.peer, Peer::Floor(_))
    }

    /// What the server's process takes; nothing when nobody said which it is.
    fn server(&self) -> anyhow::Result<Option<Usage>> {
        let read = |pid| usage(pid).with_context(|| format!("could not read what process {pid} takes"));
        self.pid.map(read).transpose()
    }

    fn health(&self) -> anyhow::Result<Option<Health>> {
        match &self.peer {
            Peer::Server(target) => health(target).map(Some),
            Peer::Floor(_) => Ok(None),
        }
    }

    /// How many could not join.
    fn given_up(&self) -> usize {
        let failed: u64 = self.tally.failed.values().sum();
        usize::try_from(failed).unwrap_or(usize::MAX)
    }

    /// Whether everything that was sent in the measured time was answered and arrived.
    fn is_done(&self) -> bool {
        self.ledger.is_complete() && self.unanswered() == 0
    }

    fn unanswered(&self) -> u64 {
        let pending = self.members.iter().flat_map(|member| &member.pending);
        u64::try_from(pending.filter(|pending| pending.is_measured).count()).unwrap_or(u64::MAX)
    }

    /// The audience of a member, and its seat there.
    fn seat(&self, number: usize) -> (usize, usize) {
        let size = self.plan.audience();
        (number / size, number % size)
    }
}

/// A member of a plan.
fn member(plan: &Plan, number: usize) -> Member {
    let identity = plan.identities.get(number).cloned();
    let role = match &plan.load {
        Load::Agents(agents) => {
            let group = number / plan.audience();
            Role::Agent(Place {
                region: region_of(&agents.region_prefix, group),
                square: Square::of_group(group, agents.spread_m),
            })
        }
        Load::Anonymous(_) => Role::Anonymous,
        Load::Channel(channel) if number < channel.publishers => Role::Publisher,
        Load::Channel(_) => Role::Subscriber,
    };
    Member::new(identity, role)
}

fn own_cpu() -> anyhow::Result<Duration> {
    Ok(usage(std::process::id())?.cpu)
}

fn whole_s(time: Duration) -> usize {
    usize::try_from(time.as_secs()).unwrap_or(usize::MAX)
}
