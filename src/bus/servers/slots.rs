//! Which master has which of a Cluster's slots, and which commands go to which master.

use std::collections::BTreeMap;

use redis::{Arg, Cmd, Pipeline};

/// Slots of a Cluster. Source: Redis Cluster specification.
const SLOTS: u16 = 16_384;

/// Which master has which slots, by its place in the list of masters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slots {
    /// One server has everything, and nobody asks for slots.
    OneServer,
    /// The last slot of each range, and its master; every slot is in a range.
    Ranges(BTreeMap<u16, usize>),
}

/// Commands for one master.
pub(super) struct Part {
    pub master: usize,
    pub pipeline: Pipeline,
}

impl Slots {
    /// Errors: none when a slot has no master, or several.
    pub fn ranges(mut ranges: Vec<(u16, u16, usize)>) -> Option<Self> {
        ranges.sort_unstable();
        let mut next = 0;
        let mut by_last = BTreeMap::new();
        for (first, last, master) in ranges {
            if first != next || last < first || last >= SLOTS {
                return None;
            }
            next = last.checked_add(1)?;
            by_last.insert(last, master);
        }
        (next == SLOTS).then_some(Self::Ranges(by_last))
    }

    /// Parts a pipeline by master, each part in the order of the whole. A transaction is parted by slot, as a Cluster
    /// takes no others. What has no key goes to all masters.
    ///
    /// Every command of the bus has one key, or one channel, right behind its name.
    pub fn part(&self, pipeline: &Pipeline, masters: usize) -> Vec<Part> {
        let Self::Ranges(ranges) = self else {
            let pipeline = pipeline.clone();
            return vec![Part { master: 0, pipeline }];
        };
        let mut parts: BTreeMap<(usize, Option<u16>), Pipeline> = BTreeMap::new();
        for command in pipeline.cmd_iter() {
            let Some(key) = key_of(command) else {
                for master in 0..masters {
                    let part = parts.entry((master, None)).or_default();
                    part.add_command(command.clone());
                }
                continue;
            };
            let slot = slot_of(key);
            let owner = ranges.range(slot..).next();
            let master = owner.map(|(_, master)| *master).unwrap_or_default();
            let alone = pipeline.is_transaction().then_some(slot);
            let part = parts.entry((master, alone)).or_default();
            if alone.is_some() {
                part.atomic();
            }
            part.add_command(command.clone());
        }
        let part = |((master, _), pipeline)| Part { master, pipeline };
        parts.into_iter().map(part).collect()
    }
}

fn key_of(command: &Cmd) -> Option<&[u8]> {
    match command.args_iter().nth(1) {
        Some(Arg::Simple(key)) => Some(key),
        Some(_) | None => None,
    }
}

/// The slot of a key: of what stands between its first braces, if anything does.
fn slot_of(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let (_, rest) = key.split_at_checked(open + 1)?;
        let close = rest
            .iter()
            .position(|byte| *byte == b'}')
            .filter(|close| *close > 0)?;
        rest.get(..close)
    });
    crc16(tag.unwrap_or(key)) % SLOTS
}

/// CRC16-XMODEM. Source: Redis Cluster specification, appendix A.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc: u16, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_redis() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        // As `CLUSTER KEYSLOT` says.
        for (key, slot) in [("foo", 12_182), ("bar", 5_061), ("", 0), ("a{foo}b{bar}", 12_182)] {
            assert_eq!(slot_of(key.as_bytes()), slot, "{key}");
        }
        assert_eq!(slot_of(b"{}foo"), crc16(b"{}foo") % SLOTS);
        assert_eq!(slot_of(b"{foo"), crc16(b"{foo") % SLOTS);
    }

    #[test]
    fn ranges_leave_no_slot_out() {
        let last = SLOTS - 1;
        assert!(Slots::ranges(vec![(8_000, last, 1), (0, 7_999, 0)]).is_some());
        for broken in [
            vec![],
            vec![(0, last - 1, 0)],
            vec![(1, last, 0)],
            vec![(0, 7_999, 0), (8_001, last, 1)],
            vec![(0, 8_000, 0), (8_000, last, 1)],
            vec![(0, last + 1, 0)],
            vec![(0, u16::MAX, 0)],
        ] {
            assert_eq!(Slots::ranges(broken.clone()), None, "{broken:?}");
        }
    }

    fn text(part: &Part) -> (usize, bool, String) {
        let commands: Vec<String> = part
            .pipeline
            .cmd_iter()
            .map(|command| {
                let words = command.args_iter().map(|arg| match arg {
                    Arg::Simple(word) => String::from_utf8_lossy(word).into_owned(),
                    _ => String::new(),
                });
                words.collect::<Vec<_>>().join(" ")
            })
            .collect();
        (part.master, part.pipeline.is_transaction(), commands.join(", "))
    }

    #[test]
    fn pipelines_are_parted_by_master_and_transactions_by_slot() {
        let slots = Slots::ranges(vec![(0, 7_999, 0), (8_000, SLOTS - 1, 1)]).unwrap();
        let mut pipeline = redis::pipe();
        for (name, key) in [
            ("SET", "foo"),
            ("SET", "bar"),
            ("GET", "foo"),
            ("GET", "{bar}2"),
            ("GET", "a"),
        ] {
            pipeline.cmd(name).arg(key);
        }
        pipeline.cmd("PING");
        let parts: Vec<_> = slots.part(&pipeline, 2).iter().map(text).collect();
        assert_eq!(
            parts,
            [
                (0, false, "SET bar, GET {bar}2, PING".to_owned()),
                (1, false, "SET foo, GET foo, GET a, PING".to_owned()),
            ]
        );
        let parts: Vec<_> = slots.part(pipeline.atomic(), 2).iter().map(text).collect();
        assert_eq!(
            parts,
            [
                (0, false, "PING".to_owned()),
                (0, true, "SET bar, GET {bar}2".to_owned()),
                (1, false, "PING".to_owned()),
                (1, true, "SET foo, GET foo".to_owned()),
                (1, true, "GET a".to_owned()),
            ]
        );
        let whole = Slots::OneServer.part(&pipeline, 1);
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].pipeline.len(), 6);
    }
}
