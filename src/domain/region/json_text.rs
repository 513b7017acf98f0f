//! JSON text put together by hand: names and commas as they stand in the code, coordinates without a way over floating point.

use crate::domain::space::Vec3;
use serde::Serialize;

/// A JSON text that grows.
pub(super) struct JsonText(Vec<u8>);

impl JsonText {
    /// An empty text with room for so many bytes.
    pub fn with_room(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// The text.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Puts this as it stands.
    pub fn put(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// Puts a value that can be JSON.
    pub fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> &mut Self {
        // Writing to memory fails only on a map key that is no text; there is none.
        let _ = serde_json::to_writer(&mut self.0, value);
        self
    }

    /// Puts a text with its quotes.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.value(text)
    }

    /// Puts the three coordinates of a point, rounded to centimetres.
    pub fn coordinates(&mut self, at: Vec3) -> &mut Self {
        self.put("\"x\":").centimetres(at.x);
        self.put(",\"y\":").centimetres(at.y);
        self.put(",\"z\":").centimetres(at.z)
    }

    /// Puts a number rounded to two decimals, without zeros at its end but with one decimal at least: as `space::centimetres`.
    #[expect(clippy::as_conversions, reason = "f64 to i64 saturates")]
    pub fn centimetres(&mut self, value: f64) -> &mut Self {
        let hundredths = (value * 100.0).round() as i64;
        if hundredths < 0 {
            self.0.push(b'-');
        }
        let hundredths = hundredths.unsigned_abs();
        let mut digits = itoa::Buffer::new();
        self.0
            .extend_from_slice(digits.format(hundredths / 100).as_bytes());
        let (tenth, rest) = (hundredths / 10 % 10, hundredths % 10);
        let digit = |number: u64| b'0'.saturating_add(u8::try_from(number).unwrap_or_default());
        self.0.extend_from_slice(&[b'.', digit(tenth)]);
        if rest > 0 {
            self.0.push(digit(rest));
        }
        self
    }

    /// Puts a member that is a list, unless there is nothing for it. `put` says whether it put anything.
    pub fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut put: impl FnMut(&mut Self, T) -> bool,
    ) {
        let before = self.0.len();
        self.put(",\"").put(name).put("\":[");
        let empty = self.0.len();
        for item in items {
            if put(self, item) {
                self.0.push(b',');
            }
        }
        if self.0.len() == empty {
            self.0.truncate(before);
        } else {
            self.0.pop();
            self.0.push(b']');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::space::centimetres;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_written_as_its_rounded_value(value in -5_000.0..5_000.0_f64) {
            let mut text = JsonText::with_room(16);
            text.centimetres(value);
            let written = String::from_utf8(text.into_bytes()).unwrap();
            prop_assert_eq!(written, serde_json::to_string(&centimetres(value)).unwrap());
        }
    }

    #[test]
    fn a_list_of_nothing_is_left_out() {
        let mut text = JsonText::with_room(0);
        text.list("odd", 1..6, |text, number| {
            let is_odd = number % 2 == 1;
            if is_odd {
                text.value(&number);
            }
            is_odd
        });
        text.list("none", 0..3, |_, _| false);
        assert_eq!(text.into_bytes(), br#","odd":[1,3,5]"#);
    }
}
