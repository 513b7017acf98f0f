//! The one wrapper around every supervised actor: a panic restarts that actor from the store, keeps its mailbox, and
//! answers the caller with a temporary refusal.

use super::mailbox::Seat;
use super::quarantine::{Culprit, Quarantine};
use crate::base::limit::{RESTART_WINDOW_MS, RESTARTS_MAX};
use crate::host::clock::Clock;
use crate::telemetry::metric;
use actix::fut::{ActorFutureExt, wrap_future};
use actix::{
    Actor, ActorContext, AsyncContext, Context, Handler, Message, SpawnHandle, Supervised, Supervisor,
};
use actix_rt::ArbiterHandle;
use futures_util::FutureExt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// The context of a watched actor.
pub type Stage<R> = Context<Watched<R>>;

/// What an actor does. `Watched` makes an actix actor of it.
pub trait Role: Sized + Unpin + 'static {
    /// What it is told.
    type Message: Send + 'static;
    /// Its name in logs and metrics.
    const NAME: &'static str;
    /// Most messages under way to it.
    const CAPACITY: usize;

    /// Begins, at first and after each restart: state is as made by the factory or by `forget`, load it here.
    fn begin(&mut self, stage: &mut Stage<Self>);

    /// Takes a message.
    fn take(&mut self, message: Self::Message, stage: &mut Stage<Self>);

    /// Throws away all state that `begin` loads. Called after a panic; must not panic.
    fn forget(&mut self);

    /// Whose command a message carries, to find the one that makes the actor fail.
    fn culprit(_message: &Self::Message) -> Option<Culprit> {
        None
    }

    /// The restart budget is spent. True ends the actor for good; false lets it rest for half a minute and begin again:
    /// an actor that nobody can replace must not stay away for ever.
    fn give_up(&mut self) -> bool {
        false
    }
}

/// How long an actor rests that failed too often.
const REST: Duration = Duration::from_secs(30);

/// An actor with its supervision.
pub struct Watched<R: Role> {
    role: R,
    quarantine: Arc<Quarantine>,
    restarts: Vec<Instant>,
    is_finished: bool,
    is_resting: bool,
}

/// A message with the permit that it holds until it was handled.
pub struct Parcel<M> {
    message: M,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<M> Parcel<M> {
    /// Packs a message.
    pub(super) fn new(message: M, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            message,
            _permit: permit,
        }
    }
}

impl<M: Send + 'static> Message for Parcel<M> {
    type Result = ();
}

/// Starts an actor on an arbiter's thread, under supervision.
pub fn start_in<R: Role>(
    arbiter: &ArbiterHandle,
    quarantine: &Arc<Quarantine>,
    make: impl FnOnce() -> R + Send + 'static,
) -> Seat<R> {
    let quarantine = Arc::clone(quarantine);
    Seat::new(Supervisor::start_in_arbiter(arbiter, move |_| {
        Watched::new(make(), quarantine)
    }))
}

/// Starts an actor on this thread, under supervision.
pub fn start_here<R: Role>(quarantine: &Arc<Quarantine>, role: R) -> Seat<R> {
    let watched = Watched::new(role, Arc::clone(quarantine));
    Seat::new(Supervisor::start(move |_| watched))
}

impl<R: Role> Watched<R> {
    fn new(role: R, quarantine: Arc<Quarantine>) -> Self {
        Self {
            role,
            quarantine,
            restarts: Vec::new(),
            is_finished: false,
            is_resting: false,
        }
    }

    /// Runs a part of the role; a panic in it restarts the actor.
    fn run(
        &mut self,
        stage: &mut Stage<R>,
        culprit: Option<Culprit>,
        part: impl FnOnce(&mut R, &mut Stage<R>),
    ) {
        if self.is_finished {
            return;
        }
        let role = &mut self.role;
        if catch_unwind(AssertUnwindSafe(|| part(role, stage))).is_err() {
            self.fail(stage, culprit);
        }
    }

    /// Something of the role panicked: it restarts.
    fn fail(&mut self, stage: &mut Stage<R>, culprit: Option<Culprit>) {
        metric::actor_restarts(R::NAME).increment(1);
        tracing::error!(
            actor = R::NAME,
            "an actor of kind {} failed and restarts",
            R::NAME
        );
        if let Some(culprit) = culprit {
            self.quarantine.note_panic(culprit);
        }
        stage.stop();
    }
}

/// Calls a part of the role at intervals, under the same supervision.
pub fn every<R: Role>(stage: &mut Stage<R>, period: Duration, part: fn(&mut R, &mut Stage<R>)) {
    stage.run_interval(period, move |watched, stage| watched.run(stage, None, part));
}

/// Calls a part of the role once, later. Gives what cancels it.
pub fn later<R: Role>(
    stage: &mut Stage<R>,
    delay: Duration,
    part: impl FnOnce(&mut R, &mut Stage<R>) + 'static,
) -> SpawnHandle {
    stage.run_later(delay, move |watched, stage| watched.run(stage, None, part))
}

/// Calls a part of the role once, later by this clock, so that a test may set it forward.
pub fn later_by<R: Role>(
    stage: &mut Stage<R>,
    clock: &Clock,
    delay: Duration,
    part: impl FnOnce(&mut R, &mut Stage<R>) + 'static,
) {
    then(stage, clock.sleep(delay), |role, (), stage| part(role, stage));
}

/// Awaits a future beside the mailbox and hands its result to a part of the role. A panic in either restarts the actor.
pub fn then<R: Role, T: 'static>(
    stage: &mut Stage<R>,
    future: impl Future<Output = T> + 'static,
    part: impl FnOnce(&mut R, T, &mut Stage<R>) + 'static,
) {
    let future = AssertUnwindSafe(future).catch_unwind();
    stage.spawn(
        wrap_future::<_, Watched<R>>(future).map(move |result, watched, stage| match result {
            Ok(result) => watched.run(stage, None, |role, stage| part(role, result, stage)),
            Err(_panic) => watched.fail(stage, None),
        }),
    );
}

/// Awaits a future while the mailbox waits: only for loading.
pub fn first<R: Role, T: 'static>(
    stage: &mut Stage<R>,
    future: impl Future<Output = T> + 'static,
    part: impl FnOnce(&mut R, T, &mut Stage<R>) + 'static,
) {
    stage.wait(
        wrap_future::<_, Watched<R>>(future).map(move |result, watched, stage| {
            watched.run(stage, None, |role, stage| part(role, result, stage));
        }),
    );
}

/// Ends the actor for good: what is still sent to it is dropped, and its asker told `unavailable`.
pub fn finish<R: Role>(stage: &mut Stage<R>) {
    stage.spawn(wrap_future::<_, Watched<R>>(async {}).map(|(), watched, stage| {
        watched.is_finished = true;
        stage.stop();
    }));
}

impl<R: Role> Actor for Watched<R> {
    type Context = Context<Self>;

    fn started(&mut self, stage: &mut Stage<R>) {
        let failures = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        if std::mem::take(&mut self.is_resting) {
            self.restarts.clear();
            stage.wait(wrap_future::<_, Self>(tokio::time::sleep(REST)));
        } else if failures > 1 {
            // The first restart is at once; a second failure so soon asks for patience: 100, 200, 400 ms.
            let delay = Duration::from_millis(50 << failures.min(4));
            stage.wait(wrap_future::<_, Self>(tokio::time::sleep(delay)));
        }
        self.run(stage, None, R::begin);
    }
}

impl<R: Role> Supervised for Watched<R> {
    fn restarting(&mut self, _: &mut Stage<R>) {
        if self.is_finished {
            return;
        }
        self.role.forget();
        let now = Instant::now();
        self.restarts
            .retain(|at| now.duration_since(*at) < Duration::from_millis(RESTART_WINDOW_MS));
        self.restarts.push(now);
        if self.restarts.len() > usize::try_from(RESTARTS_MAX).unwrap_or(usize::MAX) {
            tracing::error!(actor = R::NAME, "an actor of kind {} failed too often", R::NAME);
            self.is_finished = self.role.give_up();
            self.is_resting = !self.is_finished;
        }
    }
}

impl<R: Role> Handler<Parcel<R::Message>> for Watched<R> {
    type Result = ();

    fn handle(&mut self, parcel: Parcel<R::Message>, stage: &mut Stage<R>) {
        let culprit = R::culprit(&parcel.message);
        self.run(stage, culprit, |role, stage| role.take(parcel.message, stage));
    }
}
