//! The number of files and sockets that the process may hold open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit on open files to the hard limit and returns what is in force afterwards.
///
/// Errors: none; when the system refuses, the limit stays as it was, and 1,024 is assumed when it cannot be read.
#[must_use]
pub fn raise_file_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 1_024;
    };
    if soft >= hard || setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_err() {
        return soft;
    }
    hard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_in_force_is_the_hard_limit() {
        let raised = raise_file_limit();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!((raised, soft), (hard, hard));
        assert_eq!(raise_file_limit(), raised, "a second call changes nothing");
    }
}
