//! Makes any message out of a list of bytes; when the bytes run out, the rest stays unset. So proptest shrinks a
//! failing message by shortening the list.

use std::collections::BTreeMap;

use bytes::Bytes;

pub struct Source(std::vec::IntoIter<u8>);

impl Source {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into_iter())
    }

    fn byte(&mut self) -> u8 {
        self.0.next().unwrap_or(0)
    }

    fn number(&mut self) -> u64 {
        match self.byte() % 4 {
            0 => 0,
            1 => u64::from(self.byte()),
            2 => u64::MAX - u64::from(self.byte()),
            _ => u64::from_be_bytes(std::array::from_fn(|_| self.byte())),
        }
    }
}

pub trait Sample: Sized {
    fn sample(source: &mut Source) -> Self;
}

impl Sample for bool {
    fn sample(source: &mut Source) -> Self {
        source.byte() % 2 == 1
    }
}

impl Sample for u64 {
    fn sample(source: &mut Source) -> Self {
        source.number()
    }
}

impl Sample for i64 {
    fn sample(source: &mut Source) -> Self {
        source.number().cast_signed()
    }
}

impl Sample for u32 {
    fn sample(source: &mut Source) -> Self {
        let [a, b, c, d, ..] = source.number().to_le_bytes();
        Self::from_le_bytes([a, b, c, d])
    }
}

impl Sample for i32 {
    fn sample(source: &mut Source) -> Self {
        u32::sample(source).cast_signed()
    }
}

impl Sample for String {
    fn sample(source: &mut Source) -> Self {
        const TEXTS: [&str; 10] = [
            "",
            "a",
            "region:plaza",
            "\"\\/",
            "\n\r\t\u{8}\u{c}",
            "\0\u{1f}\u{7f}",
            "ä€𝄞",
            "\u{2028}",
            "r#",
            "{}\n",
        ];
        let (first, second) = (source.byte(), source.byte());
        format!(
            "{}{}",
            TEXTS[usize::from(first % 10)],
            TEXTS[usize::from(second % 10)]
        )
    }
}

impl Sample for Bytes {
    fn sample(source: &mut Source) -> Self {
        const RAW: [&str; 10] = [
            "",
            "null",
            "0",
            "-1.50e+3",
            "\"\\u00e4\\ud834\\udd1e\"",
            "[ 1, 2 ]",
            "{\"b\": {},\t\"a\":[[]]}",
            "true",
            "18446744073709551616",
            "\"}]\\\"{[\"",
        ];
        Self::from_static(RAW[usize::from(source.byte() % 10)].as_bytes())
    }
}

impl<T: Sample> Sample for Box<T> {
    fn sample(source: &mut Source) -> Self {
        Self::new(T::sample(source))
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(source: &mut Source) -> Self {
        bool::sample(source).then(|| T::sample(source))
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(source: &mut Source) -> Self {
        (0..source.byte() % 3).map(|_| T::sample(source)).collect()
    }
}

impl<T: Sample> Sample for BTreeMap<String, T> {
    fn sample(source: &mut Source) -> Self {
        (0..source.byte() % 3)
            .map(|_| (String::sample(source), T::sample(source)))
            .collect()
    }
}
