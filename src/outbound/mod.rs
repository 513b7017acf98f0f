//! Floor 2: what this server asks of other servers, over HTTP. Who names an address may be anybody, so each request is guarded.

pub mod address;
pub mod fetcher;

pub use fetcher::{FetchError, Fetcher};
