//! The pairs of migrations.

use super::{Breach, File};
use std::collections::{BTreeMap, BTreeSet};

/// Both databases have the same migrations, each with a way up and a way down.
pub fn migration_pairs(files: &[File]) -> Vec<Breach> {
    const BACKENDS: [&str; 2] = ["postgres", "sqlite"];
    const STEPS: [&str; 2] = ["up.sql", "down.sql"];
    let mut texts: BTreeMap<(&str, &str, &str), &str> = BTreeMap::new();
    let mut breaches = Vec::new();
    for file in files {
        let Some(inner) = file.path.strip_prefix("migrations/") else {
            continue;
        };
        match inner.split('/').collect::<Vec<_>>()[..] {
            [backend, name, step] if BACKENDS.contains(&backend) && STEPS.contains(&step) => {
                texts.insert((backend, name, step), &file.text);
            }
            _ => breaches.push(file.breach(0, "not migrations/{postgres,sqlite}/NNNN_name/{up,down}.sql")),
        }
    }
    let names: BTreeSet<&str> = texts.keys().map(|(_, name, _)| *name).collect();
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for name in &names {
        let number = name.split('_').next().unwrap_or_default();
        if let Some(first) = numbers.insert(number, name) {
            breaches.push(Breach {
                path: format!("migrations/*/{name}"),
                line: 0,
                // The number is the version: the second would never run.
                rule: format!("has the number of {first}"),
            });
        }
        let is_numbered = name.len() > 5
            && name.bytes().take(4).all(|byte| byte.is_ascii_digit())
            && name.as_bytes().get(4) == Some(&b'_');
        if !is_numbered {
            let path = format!("migrations/*/{name}");
            breaches.push(Breach {
                path,
                line: 0,
                rule: "a migration is named NNNN_name".to_owned(),
            });
        }
        for (backend, step) in BACKENDS
            .iter()
            .flat_map(|backend| STEPS.map(|step| (*backend, step)))
        {
            if texts
                .get(&(backend, name, step))
                .is_none_or(|text| text.trim().is_empty())
            {
                let path = format!("migrations/{backend}/{name}/{step}");
                breaches.push(Breach {
                    path,
                    line: 0,
                    rule: "missing or empty (migration pairs)".to_owned(),
                });
            }
        }
    }
    if names.is_empty() && files.iter().any(|file| file.path.starts_with("src/store/")) {
        let rule = "the store has no migrations".to_owned();
        breaches.push(Breach {
            path: "migrations".to_owned(),
            line: 0,
            rule,
        });
    }
    breaches
}
