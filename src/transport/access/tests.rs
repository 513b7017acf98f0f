//! Credentials against a database in memory.
