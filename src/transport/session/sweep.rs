//! One timer a thread for all its sessions: each second it wakes those that have something to look after. The others sleep on.

use crate::transport::web::Web;
use crate::transport::ws::{Pipe, Worker};
use actix_web::web::Data;
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// Between two looks at a session that has something to look after.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Sessions looked at before others of the thread get a turn.
const PART: usize = 512;

/// Has a session looked after; the first one of a thread starts the thread's timer.
pub(super) fn watch(worker: &Rc<Worker>, web: &Data<Web>, pipe: &Rc<Pipe>) {
    let mut watched = worker.watched.borrow_mut();
    let pipes = watched.get_or_insert_with(|| {
        actix_web::rt::spawn(run(Rc::downgrade(worker), web.clone()));
        Vec::new()
    });
    pipes.push(Rc::downgrade(pipe));
}

async fn run(worker: Weak<Worker>, web: Data<Web>) {
    let clock = web.gateway.node.clock.clone();
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = web.access.revocations_version();
    loop {
        looks.tick().await;
        let Some(worker) = worker.upgrade() else { return };
        let (now, version) = (clock.monotonic(), web.access.revocations_version());
        // What was revoked may be anybody's.
        let is_news = std::mem::replace(&mut known, version) != version;
        // Taken out for the walk; who comes meanwhile is looked at next time.
        let mut pipes = worker
            .watched
            .borrow_mut()
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default();
        let mut kept = Vec::with_capacity(pipes.len());
        while !pipes.is_empty() {
            let part = pipes.split_off(pipes.len().saturating_sub(PART));
            kept.extend(part.into_iter().filter(|pipe| {
                let pipe = pipe.upgrade();
                pipe.iter()
                    .filter(|pipe| is_news || pipe.wants_look(now))
                    .for_each(|pipe| pipe.call_session());
                pipe.is_some()
            }));
            tokio::task::yield_now().await;
        }
        if let Some(watched) = worker.watched.borrow_mut().as_mut() {
            watched.append(&mut kept);
        }
    }
}
