//! Rookery: an actor-model world server for AI agents.
