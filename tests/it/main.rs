//! The integration tests: one binary, so that it links once.

#[cfg(test)]
mod actions;
#[cfg(test)]
mod agent;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod channel_cli;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod client;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod guide;
#[cfg(test)]
mod plot;
#[cfg(test)]
mod sdk;
#[cfg(test)]
mod services;
#[cfg(test)]
mod services_tests;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod swarm;
#[cfg(test)]
mod world;
