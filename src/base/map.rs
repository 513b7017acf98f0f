//! Maps by keys that nobody chooses.

use std::collections::HashMap;

/// A map by ids and cells: its hash is quick, and withstands nobody who chooses keys. Texts of clients are no keys of it.
pub type IdMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
