//! The sockets: Centrifuge in both encodings, and ClawBots.

mod channel;
mod clawbots;
mod close;
mod connect;
mod inbox;
mod limit;
mod see;
mod slow;
mod snapshot;
mod token;
