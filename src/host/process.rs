//! What a process of this machine takes: processor time and memory, as Linux tells it.

use std::io;
use std::time::Duration;

/// One tick of the times in `/proc`: a hundredth of a second on every Linux. Source: proc(5), `USER_HZ`. Units: milliseconds.
const TICK_MS: u64 = 10;

/// What a process took so far, and holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Usage {
    /// Processor time of all its threads, in the kernel too.
    pub cpu: Duration,
    /// Memory that is resident. Units: bytes.
    pub resident_bytes: u64,
}

/// Reads what a process takes.
/// Errors: there is no such process; this is no Linux.
pub fn usage(pid: u32) -> io::Result<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    parse(&stat, &status).ok_or_else(|| io::Error::other(format!("/proc/{pid} has another form")))
}

fn parse(stat: &str, status: &str) -> Option<Usage> {
    // The name, in brackets, may hold anything; the fields behind it count from 3.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = |field: usize| -> Option<u64> { fields.split_whitespace().nth(field - 3)?.parse().ok() };
    let ms = ticks(14)?.checked_add(ticks(15)?)?.checked_mul(TICK_MS)?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = resident.split_whitespace().next()?.parse().ok()?;
    let resident_bytes = kib.checked_mul(1_024)?;
    Some(Usage {
        cpu: Duration::from_millis(ms),
        resident_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 4 0 1 2 3";
        let usage = parse(stat, "Name:\ta\nVmRSS:\t    12 kB\n").unwrap();
        assert_eq!(
            usage,
            Usage {
                cpu: Duration::from_secs(3),
                resident_bytes: 12_288
            }
        );
        assert_eq!(parse("7 (a) S", "VmRSS: 1 kB"), None);
    }

    #[test]
    fn this_process_takes_memory_and_a_missing_one_is_an_error() {
        assert!(usage(std::process::id()).unwrap().resident_bytes > 100_000);
        assert!(usage(u32::MAX).is_err());
    }
}
