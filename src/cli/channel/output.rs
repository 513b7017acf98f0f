//! What is printed: results on the standard output, errors and notes on the standard error output.

use std::io::{self, IsTerminal, Write};

use serde_json::{Value, json};

use super::failure::{Exit, Failure};

/// How is printed.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    is_json: bool,
    has_colour: bool,
}

/// What a verb did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was done, in a sentence.
    pub message: String,
    /// The same as lines for people.
    pub lines: Vec<String>,
    /// The same for programs.
    pub details: Option<Value>,
    /// What one may do next.
    pub next: Vec<String>,
}

impl Report {
    /// A report of a sentence, with what the server answered.
    pub fn new(message: impl Into<String>, details: Value) -> Self {
        Self {
            message: message.into(),
            details: Some(details),
            ..Self::default()
        }
    }
}

impl Output {
    /// Prints for programs or for people.
    pub fn new(is_json: bool) -> Self {
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            is_json,
            has_colour: !is_plain && io::stderr().is_terminal(),
        }
    }

    /// Whether it is for programs.
    pub fn is_json(self) -> bool {
        self.is_json
    }

    /// Prints what was done. Errors: the output cannot be written.
    pub fn success(self, report: &Report) -> Result<(), Failure> {
        let text = if self.is_json {
            let mut line = json!({"status": "success", "message": report.message});
            if let (Some(fields), Some(details)) = (line.as_object_mut(), &report.details) {
                fields.insert("data".to_owned(), details.clone());
            }
            if let (Some(fields), false) = (line.as_object_mut(), report.next.is_empty()) {
                fields.insert("nextSteps".to_owned(), json!(report.next));
            }
            line.to_string()
        } else {
            let message = (!report.message.is_empty()).then(|| report.message.clone());
            let next = report.next.iter().map(|step| format!("Next: {step}"));
            let lines: Vec<String> = message
                .into_iter()
                .chain(report.lines.iter().cloned())
                .chain(next)
                .collect();
            lines.join("\n")
        };
        match print(&text) {
            // Whoever reads has seen enough: `rookery channel advertise list | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::new(Exit::Failed, format!("could not print: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Tells why a verb failed.
    pub fn failure(self, failure: &Failure) {
        if self.is_json {
            let mut line = json!({"status": "error", "error": failure.error, "fixes": failure.fixes});
            if let (Some(fields), Some(details)) = (line.as_object_mut(), &failure.details) {
                fields.insert("data".to_owned(), Value::clone(details));
            }
            eprintln!("{line}");
            return;
        }
        let (begin, end) = if self.has_colour {
            ("\x1b[31m", "\x1b[0m")
        } else {
            ("", "")
        };
        eprintln!("{begin}rookery:{end} {}", failure.error);
        if let Some(details) = &failure.details {
            eprintln!("  {details}");
        }
        failure.fixes.iter().for_each(|fix| eprintln!("  try: {fix}"));
    }

    /// Tells something beside the results.
    pub fn note(self, text: &str) {
        if self.is_json {
            eprintln!("{}", json!({"status": "note", "message": text}));
        } else {
            eprintln!("rookery: {text}");
        }
    }
}

/// Prints a line at once. Errors: the output cannot be written.
pub fn print(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
