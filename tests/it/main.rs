//! The integration tests: one binary, so that it links once.

#[cfg(test)]
mod services;
#[cfg(test)]
mod services_tests;
