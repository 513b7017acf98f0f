//! The only place that draws random numbers from the machine.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Longest text that [`Entropy::token_base62`] makes. Units: characters.
pub const TOKEN_MAX_CHARS: usize = 256;

/// A source of randomness; clones draw from the same source.
#[derive(Clone, Debug)]
pub struct Entropy(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Seeded(Arc<AtomicU64>),
}

impl Entropy {
    /// The operating system's cryptographic source.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A repeatable source for tests. Never for keys or tokens of a real world.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(AtomicU64::new(seed))))
    }

    /// `N` random bytes.
    ///
    /// Panics when the operating system has no randomness to give: the caller's supervisor answers for it.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => fill_from_system(&mut bytes),
            Source::Seeded(state) => {
                for chunk in bytes.chunks_mut(8) {
                    let word = split_mix(state).to_le_bytes();
                    for (to, from) in chunk.iter_mut().zip(word) {
                        *to = from;
                    }
                }
            }
        }
        bytes
    }

    /// A random number, for dice and delays. Not for keys: it waited in memory.
    #[must_use]
    pub fn u64(&self) -> u64 {
        u64::from_le_bytes(self.stocked())
    }

    /// A time-ordered id. Not for keys. Units: `now_ms` in milliseconds since 1970; earlier times count as 1970.
    #[must_use]
    pub fn uuid_v7(&self, now_ms: i64) -> Uuid {
        let millis = u64::try_from(now_ms).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.stocked()).into_uuid()
    }

    /// A random id.
    #[must_use]
    pub fn uuid_v4(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// A text of `len` even random characters of `[0-9A-Za-z]`: 5.95 bits each. At most [`TOKEN_MAX_CHARS`].
    #[must_use]
    pub fn token_base62(&self, len: usize) -> String {
        let len = len.min(TOKEN_MAX_CHARS);
        let mut token = String::with_capacity(len);
        while token.len() < len {
            let missing = len - token.len();
            // Bytes from 248 on would favour the first letters, so they are drawn again.
            let letters = self.bytes::<64>().into_iter().filter(|byte| *byte < 248);
            let letters = letters.filter_map(|byte| BASE62.get(usize::from(byte % 62)));
            token.extend(letters.take(missing).map(|letter| char::from(*letter)));
        }
        token
    }
}

impl Entropy {
    /// `N` random bytes, that the system may have given earlier: for what is drawn with every action.
    fn stocked<const N: usize>(&self) -> [u8; N] {
        match &self.0 {
            Source::System => STOCK.with_borrow_mut(Stock::draw),
            Source::Seeded(_) => self.bytes(),
        }
    }
}

/// How much is asked of the system at once. Units: bytes.
const STOCK_BYTES: usize = 2_048;

thread_local! {
    static STOCK: RefCell<Stock> = const { RefCell::new(Stock { bytes: [0; STOCK_BYTES], drawn: STOCK_BYTES }) };
}

/// Random bytes of one thread, each given out once: a call of the system for each id costs more than what the id is for.
struct Stock {
    bytes: [u8; STOCK_BYTES],
    drawn: usize,
}

impl Stock {
    fn draw<const N: usize>(&mut self) -> [u8; N] {
        const { assert!(N <= STOCK_BYTES, "more than a stock") };
        if self.drawn > STOCK_BYTES - N {
            fill_from_system(&mut self.bytes);
            self.drawn = 0;
        }
        let mut drawn = [0; N];
        // What was given out is wiped, so that nothing in memory tells a number that was drawn.
        for (to, from) in drawn.iter_mut().zip(self.bytes.iter_mut().skip(self.drawn)) {
            *to = std::mem::take(from);
        }
        self.drawn += N;
        drawn
    }
}

#[expect(
    clippy::panic,
    reason = "a process without randomness must not make keys, tokens or ids"
)]
fn fill_from_system(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the operating system gives no randomness: {error}");
    }
}

/// SplitMix64 over a shared counter, so that clones never repeat one another.
fn split_mix(state: &AtomicU64) -> u64 {
    const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut z = state.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn same_seed_gives_the_same_numbers_and_clones_share_them() {
        let (one, two) = (Entropy::seeded(7), Entropy::seeded(7));
        assert_eq!(one.bytes::<33>(), two.bytes::<33>());
        assert_ne!(one.u64(), one.clone().u64());
        assert_ne!(Entropy::seeded(8).u64(), Entropy::seeded(7).u64());
    }

    #[test]
    fn system_source_does_not_repeat_itself() {
        let entropy = Entropy::system();
        let drawn: BTreeSet<[u8; 16]> = (0..1_000).map(|_| entropy.bytes()).collect();
        assert_eq!(drawn.len(), 1_000);
    }

    #[test]
    fn stocked_numbers_are_given_out_once_on_all_threads() {
        let drawn = |_thread| {
            std::thread::spawn(|| {
                let entropy = Entropy::system();
                // Odd sizes, so that the end of a stock falls into a number.
                let numbers =
                    (0..2_000).map(|_| (entropy.u64(), entropy.stocked::<10>(), entropy.stocked::<23>()));
                numbers.collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..3).map(drawn).collect();
        let all: Vec<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(
            all.iter().map(|one| one.0).collect::<BTreeSet<u64>>().len(),
            6_000
        );
        assert_eq!(all.iter().map(|one| one.1).collect::<BTreeSet<_>>().len(), 6_000);
        assert_eq!(all.iter().map(|one| one.2).collect::<BTreeSet<_>>().len(), 6_000);
        let mean = |bytes: Vec<u8>| bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / 138_000.0;
        let mean = mean(all.into_iter().flat_map(|one| one.2).collect());
        assert!((124.5..130.5).contains(&mean), "{mean}: no even bytes");
    }

    #[test]
    fn uuids_carry_their_version_and_time() {
        let entropy = Entropy::system();
        let id = entropy.uuid_v7(1_700_000_000_123);
        assert_eq!(id.get_version_num(), 7);
        let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos / 1_000_000), (1_700_000_000, 123));
        assert!(entropy.uuid_v7(1) < entropy.uuid_v7(2));
        assert_eq!(entropy.uuid_v4().get_version_num(), 4);
        assert_eq!(entropy.uuid_v7(-5).get_version_num(), 7);
    }

    #[test]
    fn token_has_the_length_asked_for_and_uses_all_letters() {
        let entropy = Entropy::seeded(1);
        for len in [0, 1, 22, 43, 200] {
            assert_eq!(entropy.token_base62(len).len(), len);
        }
        assert_eq!(entropy.token_base62(10_000).len(), TOKEN_MAX_CHARS);
        let letters: BTreeSet<char> = (0..50)
            .flat_map(|_| entropy.token_base62(200).into_bytes())
            .map(char::from)
            .collect();
        assert_eq!(letters.len(), 62);
    }
}
