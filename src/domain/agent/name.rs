//! Display names: normalised, harmless, and unique by what they look like.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// 1 to 64 characters after NFC, without control, bidi or zero-width characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    text: String,
    skeleton: String,
}

impl Name {
    /// Normalises and checks a name.
    /// Errors: a sentence, when the length or a character is wrong.
    pub fn new(raw: &str) -> Result<Self, String> {
        // A bound before normalisation, which may grow the text.
        if raw.len() > 1024 {
            return Err("name is longer than 64 characters".to_owned());
        }
        let text: String = raw.nfc().collect::<String>().trim().to_owned();
        let length = text.chars().count();
        if !(1..=64).contains(&length) {
            return Err("name must be 1 to 64 characters".to_owned());
        }
        if text.chars().any(is_unsafe) {
            return Err("name contains a control or invisible character".to_owned());
        }
        let marks = text
            .chars()
            .filter(|c| unicode_normalization::char::is_combining_mark(*c))
            .count();
        if marks > 8 {
            return Err("name contains too many combining marks".to_owned());
        }
        // Case, width and look-alikes do not make another name. The skeleton is folded before and after: `A` and
        // Greek Alpha meet only in lower case, `l` and `I` only in the skeleton.
        let folded = text.nfkc().collect::<String>().to_lowercase();
        let skeleton: String = skeleton(&folded).filter(|c| !c.is_whitespace()).collect();
        Ok(Self {
            text,
            skeleton: skeleton.to_lowercase(),
        })
    }

    /// The normalised text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the name looks like: two names with one skeleton cannot both exist. Source: Unicode TR 39.
    pub fn skeleton(&self) -> &str {
        &self.skeleton
    }
}

/// Control, bidi, zero-width, tag and unassigned-use characters.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{061C}'
            | '\u{FEFF}' | '\u{00AD}' | '\u{FFF9}'..='\u{FFFF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{2028}' | '\u{2029}' | '\u{115F}' | '\u{1160}' | '\u{3164}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_share_a_skeleton() {
        let latin = Name::new("Alice").unwrap();
        for twin in ["alice", "ALICE", "Аlice", "Al ice", "Ａlice"] {
            assert_eq!(Name::new(twin).unwrap().skeleton(), latin.skeleton(), "{twin}");
        }
        assert_ne!(Name::new("Alicia").unwrap().skeleton(), latin.skeleton());
    }

    #[test]
    fn hostile_names_are_refused() {
        let long = "a".repeat(65);
        let marks = format!("a{}", "\u{0301}".repeat(1000));
        for bad in [
            "",
            "   ",
            "a\0b",
            "\u{202E}evil",
            "zero\u{200B}width",
            "line\nfeed",
            long.as_str(),
            marks.as_str(),
        ] {
            assert!(Name::new(bad).is_err(), "{bad:?}");
        }
    }
}
