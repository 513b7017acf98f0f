//! Inboxes: what concerns an agent, kept for it.
