//! Sockets for which nobody but an address answers: counted on this node, so that one address cannot take all places.

use crate::domain::refusal::{Code, Refusal};
use dashmap::DashMap;
use std::sync::Arc;

/// How long a client should wait for a place. Units: milliseconds.
const RETRY_AFTER_MS: i64 = 60_000;

/// Open sockets without an agent, by the client's address. Cheap to clone.
#[derive(Clone, Default)]
pub struct Visits(Arc<DashMap<String, u32>>);

/// One socket's place; free again when dropped.
pub struct Visit {
    visits: Visits,
    client: Option<String>,
}

impl Visits {
    /// Takes a place for a client, named by its address. No `most`: nothing is counted.
    /// Errors: `rate_limited` when the client holds as many as it may.
    pub fn enter(&self, client: String, most: Option<u32>) -> Result<Visit, Refusal> {
        let visits = self.clone();
        let Some(most) = most else {
            return Ok(Visit { visits, client: None });
        };
        {
            let mut held = self.0.entry(client.clone()).or_default();
            if *held >= most {
                let refusal = Refusal::new(
                    Code::RateLimited,
                    "too many sockets without an agent from this address",
                );
                return Err(refusal.retry_after(RETRY_AFTER_MS));
            }
            *held = held.saturating_add(1);
        }
        Ok(Visit {
            visits,
            client: Some(client),
        })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let leave = |_: &String, held: &mut u32| {
            *held = held.saturating_sub(1);
            *held == 0
        };
        self.visits.0.remove_if_mut(&client, leave);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_so_many_places_and_gets_one_back_when_one_is_left() {
        let visits = Visits::default();
        let enter = |client: &str| visits.enter(client.to_owned(), Some(2));
        let (first, _second) = (enter("a").unwrap(), enter("a").unwrap());
        assert_eq!(
            enter("a").err().map(|refusal| refusal.code),
            Some(Code::RateLimited)
        );
        assert!(enter("b").is_ok(), "another address has places of its own");
        drop(first);
        let _third = enter("a").unwrap();
        assert!(enter("a").is_err());
    }

    #[test]
    fn nothing_is_remembered_of_those_who_left_or_are_not_counted() {
        let visits = Visits::default();
        drop(visits.enter("a".to_owned(), Some(1)).unwrap());
        let _free: Vec<Visit> = (0..9)
            .map(|_| visits.enter("a".to_owned(), None).unwrap())
            .collect();
        assert!(visits.0.is_empty());
    }
}
