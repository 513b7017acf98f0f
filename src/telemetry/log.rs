//! Log lines on the standard error output.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, with the fields of the spans around it.
    Json,
    /// Lines for people.
    Pretty,
}

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is no list of directives.
    #[error("the log filter \"{filter}\" cannot be read")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// Logging was begun before.
    #[error("logging was already set up")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

/// Starts logging for the whole process; `filter` is a level or directives such as `info,rookery::store=debug`.
///
/// Errors: a filter that cannot be read, or a second call.
pub fn install(format: Format, filter: &str) -> Result<(), LogError> {
    let is_terminal = io::IsTerminal::is_terminal(&io::stderr());
    subscriber(format, filter, is_terminal, io::stderr)?
        .try_init()
        .map_err(LogError::Twice)
}

/// Refuses a filter that [`install`] would refuse.
///
/// Errors: the filter is no list of directives.
pub fn check(filter: &str) -> Result<(), LogError> {
    parse(filter).map(drop)
}

fn parse(filter: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::try_new(filter).map_err(|source| LogError::Filter {
        filter: filter.to_owned(),
        source,
    })
}

fn subscriber<W>(
    format: Format,
    filter: &str,
    is_coloured: bool,
    writer: W,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = parse(filter)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    Ok(match format {
        Format::Json => Box::new(
            builder
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .finish(),
        ),
        Format::Pretty => Box::new(builder.with_ansi(is_coloured).finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, filter: &str) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(format, filter, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("request", request.id = "r1");
            let _inside = span.enter();
            tracing::info!(agent.id = "alice", "agent alice entered");
            tracing::debug!("not for info");
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_line_carries_message_fields_and_span() {
        let text = logged(Format::Json, "info");
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["message"], "agent alice entered");
        assert_eq!(line["agent.id"], "alice");
        assert_eq!(line["span"]["request.id"], "r1");
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn pretty_line_is_one_line_of_plain_text() {
        let text = logged(Format::Pretty, "info");
        assert_eq!(text.lines().count(), 1);
        assert!(
            text.contains("agent alice entered") && !text.contains('\u{1b}'),
            "{text}"
        );
    }

    #[test]
    fn filter_chooses_what_is_logged() {
        assert_eq!(logged(Format::Pretty, "debug").lines().count(), 2);
        assert_eq!(logged(Format::Pretty, "error"), "");
        assert!(subscriber(Format::Json, "rookery=loud", false, io::sink).is_err());
        assert!(check("rookery=loud").is_err() && check("info,rookery::store=debug").is_ok());
    }
}
