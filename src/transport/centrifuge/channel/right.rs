//! What the user of a socket may do with a channel.

use super::super::super::session::Session;
use crate::actors::rights::{Known, judge};
use crate::domain::channel::{Namespace, Subject, Verb};
use crate::domain::refusal::Refusal;
use crate::wire::Command;
use actix::fut::{ActorFutureExt, wrap_future};
use actix::{AsyncContext, Context};
use std::sync::Arc;

impl Session {
    /// Whether the rule of a channel is known without asking. What is no channel needs none.
    pub(in super::super) fn knows_rule(&self, name: &str) -> bool {
        Namespace::of(name).map_or(true, |channel| self.node().knows_rule(name, &channel))
    }

    /// Reads the rule of a channel, then does the command that needs it; later ones wait. `reads`: how often the rule may change
    /// meanwhile.
    pub(in super::super) fn learn_rule(
        &mut self,
        name: String,
        command: Command,
        reads: u32,
        context: &mut Context<Self>,
    ) {
        self.is_asking = true;
        let (node, wanted) = (self.node(), name.clone());
        let learn = async move { node.learn(&wanted).await };
        context.spawn(wrap_future::<_, Self>(learn).map(move |learned, me, context| {
            me.is_asking = false;
            if me.outbox.borrow().end_reason().is_some() {
                // Nobody would hear what became of it.
                return;
            }
            match learned {
                Ok(learned) if me.node().rights.holds(&learned) => {
                    me.learned = Some((name, learned.known));
                    me.do_one(command, context);
                    me.learned = None;
                }
                Ok(_) if reads > 0 => return me.learn_rule(name, command, reads.saturating_sub(1), context),
                Ok(_) => me.refuse(command.id, &Refusal::unavailable()),
                Err(refusal) => me.refuse(command.id, &refusal),
            }
            me.pump(context);
        }));
    }

    /// Whether the user may do something with a channel, whose rule is known by now. Errors: as `check`.
    pub(super) fn may(&self, verb: Verb, name: &str, channel: &Namespace<'_>) -> Result<Arc<Known>, Refusal> {
        let user = self.user();
        let who = Subject::of(&user);
        match &self.learned {
            Some((learned, known)) if learned == name => judge(who, verb, channel, Arc::clone(known)),
            _ => {
                let judged = self.node().may_now(who, verb, name, channel);
                judged.unwrap_or_else(|| Err(Refusal::unavailable()))
            }
        }
    }
}
