//! How far a run is, on the standard error output when that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A line that shows how far a run is.
pub struct Progress {
    bar: ProgressBar,
    round: String,
}

impl Progress {
    /// A line for a run; hidden when nobody would see it.
    pub fn new() -> Self {
        let bar = ProgressBar::new(0);
        // The template is a constant that a test shows to be one.
        if let Ok(style) = style() {
            bar.set_style(style);
        }
        Self {
            bar,
            round: String::new(),
        }
    }

    /// A round begins.
    pub fn round(&mut self, name: String) {
        self.round = name;
    }

    /// The round is at a stage, and so far in it.
    pub fn at(&self, stage: &str, done: usize, of: usize) {
        if self.bar.is_hidden() {
            return;
        }
        let number = |count| u64::try_from(count).unwrap_or(u64::MAX);
        self.bar.set_length(number(of));
        self.bar.set_position(number(done));
        self.bar.set_message(format!("{}: {stage}", self.round));
    }

    /// Takes the line away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

fn style() -> Result<ProgressStyle, indicatif::style::TemplateError> {
    ProgressStyle::with_template("{elapsed_precise} {msg:36} [{bar:40}] {pos}/{len}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_a_template_that_is_one() {
        assert!(style().is_ok());
    }
}
