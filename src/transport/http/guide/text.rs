//! The text of the guide: a template, in which every number and every list comes from where the server itself has it.

use crate::base::limit;
use crate::config::{Bucket, Config};
use crate::domain::action::ACTIONS;
use crate::domain::channel::SCHEMA_MAX_BYTES;
use crate::domain::refusal::Code;
use crate::domain::timer::Timer;
use crate::transport::access::NAMESPACE;
use crate::transport::http::reads::world::all_tools;
use std::sync::LazyLock;

const TEMPLATE: &str = include_str!("skill.md");

/// What is filled in for everybody alike.
static FILLED: LazyLock<String> = LazyLock::new(|| fill(TEMPLATE, &constants()));

/// The guide for whoever reaches the server at an address, as it is set up.
pub fn guide(base: &str, config: &Config) -> String {
    fill(&FILLED, &particulars(base, config))
}

fn fill(template: &str, values: &[(&str, String)]) -> String {
    let put = |text: String, (name, value): &(&str, String)| text.replace(&format!("{{{{{name}}}}}"), value);
    values.iter().fold(template.to_owned(), put)
}

fn constants() -> Vec<(&'static str, String)> {
    vec![
        (
            "handle_rule",
            format!("1 to {} of a-z, 0-9, _ and -", limit::AGENT_ID_MAX_CHARS),
        ),
        ("idle", duration(limit::REST_IDLE_S.into())),
        ("wait", duration(limit::EVENTS_WAIT_MAX_S.into())),
        ("hello", duration(limit::HELLO_DEADLINE_MS / 1_000)),
        ("history", grouped(limit::CHANNEL_HISTORY_MAX)),
        (
            "history_life",
            duration(limit::CHANNEL_HISTORY_MS.unsigned_abs() / 1_000),
        ),
        ("channel_name", grouped(limit::CHANNEL_NAME_MAX_BYTES)),
        ("payload", grouped(limit::PAYLOAD_MAX_BYTES)),
        ("subscriptions", grouped(limit::CHANNELS_PER_CONNECTION_MAX)),
        ("description", grouped(limit::ADVERT_MAX_CHARS)),
        ("schema", grouped(SCHEMA_MAX_BYTES)),
        ("namespace", NAMESPACE.to_owned()),
        ("body", grouped(limit::HTTP_BODY_MAX_BYTES)),
        ("depth", grouped(limit::JSON_DEPTH_MAX)),
        ("message", grouped(limit::SOCKET_MESSAGE_MAX_BYTES)),
        ("rate_status", Code::RateLimited.status().to_string()),
        ("rate_number", Code::RateLimited.socket_number().to_string()),
        ("actions", actions()),
        ("errors", errors()),
        ("timers", timers()),
    ]
}

fn particulars(base: &str, config: &Config) -> Vec<(&'static str, String)> {
    let sockets = config.limits.agent_sockets();
    vec![
        ("token_life", duration(config.auth.access_ttl_s.into())),
        (
            "cli_life",
            duration(u64::from(config.auth.cli_token_ttl_days).saturating_mul(86_400)),
        ),
        (
            "sockets",
            sockets.map_or_else(|| "any number of".to_owned(), |count| count.to_string()),
        ),
        ("rates", rates(config)),
        // Last, so that nothing is looked for in what a client wrote.
        ("ws", base.replacen("http", "ws", 1)),
        ("base", base.to_owned()),
    ]
}

fn actions() -> String {
    let mut text = String::from("| Action | What it does | Parameters | Durability |\n|---|---|---|---|\n");
    for (tool, row) in all_tools().iter().zip(ACTIONS) {
        let properties = tool
            .parameters
            .get("properties")
            .and_then(serde_json::Value::as_object);
        let names = properties.into_iter().flat_map(|fields| fields.keys());
        let parameters: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        let cells = [
            &format!("`{}`", tool.name),
            &one_line(&tool.description),
            &parameters.join(", "),
            row.durability.name(),
        ];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

fn errors() -> String {
    let mut text =
        String::from("| Code | HTTP | On a socket | May succeed later | Meaning |\n|---|---|---|---|---|\n");
    for code in Code::ALL {
        let later = if code.is_temporary() { "yes" } else { "" };
        text.push_str(&format!(
            "| `{}` | {} | {} | {later} | {} |\n",
            code.name(),
            code.status(),
            code.socket_number(),
            code.help()
        ));
    }
    text
}

fn timers() -> String {
    let names: Vec<String> = Timer::all()
        .map(|timer| format!("`{}`", timer.channel()))
        .collect();
    names.join(", ")
}

fn rates(config: &Config) -> String {
    let what = [
        (Bucket::Registrations, "registrations of one address"),
        (
            Bucket::Tokens,
            "exchanges of a key for a token, and log-ins, of one address",
        ),
        (Bucket::Connections, "connections of one agent"),
        (Bucket::Actions, "actions of one agent"),
        (Bucket::Perceptions, "questions of one agent"),
        (Bucket::SocketMessages, "messages on one socket"),
        (Bucket::Publishes, "publications of one user, over all nodes"),
        (
            Bucket::Changes,
            "changes of one user: locks, grants, adverts, apps and keys",
        ),
    ];
    let mut text = String::from("| What | How many | At once |\n|---|---|---|\n");
    for (bucket, what) in what {
        let Some(quota) = config.limits.quota(bucket) else {
            return "This server limits no rates.".to_owned();
        };
        let window = match quota.window_ms / 1_000 {
            1 => "second".to_owned(),
            60 => "minute".to_owned(),
            3_600 => "hour".to_owned(),
            seconds => duration(seconds.into()),
        };
        let count = format!("{} a {window}", quota.limit);
        text.push_str(&format!("| {what} | {count} | {} |\n", quota.burst));
    }
    text
}

/// `5 minutes`, in the largest unit that fits.
fn duration(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let fits = |(length, _): &&(u64, &str)| seconds >= *length && seconds.checked_rem(*length) == Some(0);
    let (length, unit) = units.iter().find(fits).copied().unwrap_or((1, "second"));
    let count = seconds.checked_div(length).unwrap_or(seconds);
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{ending}")
}

/// `16,384`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::channel::Namespace;
    use crate::transport::http::routes::ROUTES;
    use actix_web::http::Method;
    use std::collections::HashSet;

    fn made() -> String {
        guide("https://world.example", &Config::default())
    }

    /// The blocks of a kind, one after the other.
    fn blocks(text: &str, kind: &str) -> String {
        let begin = format!("```{kind}\n");
        let blocks = text.split(&begin).skip(1);
        blocks.map(|rest| rest.split("```").next().unwrap()).collect()
    }

    #[test]
    fn everything_is_filled_in_and_nothing_is_made_in_vain() {
        let text = made();
        assert!(!text.contains("{{"), "something is left open");
        for (name, _) in constants().into_iter().chain(particulars("", &Config::default())) {
            assert!(TEMPLATE.contains(&format!("{{{{{name}}}}}")), "{name}");
        }
        assert!(
            text.contains("B=https://world.example\n") && text.contains("wss://world.example/connection")
        );
        for part in [
            "16,384 bytes",
            "5 minutes",
            "1 hour",
            "7 days",
            "| 5 a second | 5 |",
            "system.timer.yearly",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn a_base_is_not_looked_into() {
        let text = guide("http://{{errors}}", &Config::default());
        assert!(text.contains("B=http://{{errors}}\n"));
    }

    #[test]
    fn an_unlimited_server_says_so() {
        let mut config = Config::default();
        config.limits.unlimited = true;
        let text = guide("http://a", &config);
        assert!(text.contains("limits no rates") && text.contains("at most any number of sockets"));
    }

    /// Whatever may change with the server must come from the server.
    #[test]
    fn no_number_is_written_down_in_the_template() {
        let prose = TEMPLATE.split("```").step_by(2).collect::<String>();
        let prose: String = prose.split('`').step_by(2).collect();
        let known = ["9457", "2020", "12"];
        let numbers = prose
            .split(|c: char| !c.is_ascii_digit())
            .filter(|number| number.len() > 1);
        let odd: Vec<&str> = numbers.filter(|number| !known.contains(number)).collect();
        assert_eq!(odd, [""; 0]);
    }

    /// Paths that the commands and the sentences name, with their methods, are in the route table.
    #[test]
    fn every_route_that_is_named_exists() {
        let text = made();
        let mut named: HashSet<(Method, String)> = HashSet::new();
        let mut name = |method: Method, path: &str| {
            let end = |c: char| "\"` ?'&".contains(c) || c == '\n' || c == '{';
            let path = path.trim_start_matches('"').split(end).next().unwrap_or_default();
            named.insert((method, path.to_owned()));
        };
        for line in blocks(&text, "sh").lines() {
            for part in line.split("post ").skip(1) {
                name(Method::POST, part);
            }
            for part in line
                .split("get ")
                .skip(1)
                .filter(|part| part.starts_with(['/', '"']))
            {
                name(Method::GET, part);
            }
        }
        for (word, method) in [("`GET ", Method::GET), ("`POST ", Method::POST)] {
            text.split(word)
                .skip(1)
                .for_each(|part| name(method.clone(), part));
        }
        for part in text.split("https://world.example/").skip(1) {
            name(Method::GET, &format!("/{part}"));
        }
        named.retain(|(_, path)| !path.is_empty() && path.starts_with('/'));
        assert!(named.len() > 20, "{named:?}");
        for (method, path) in named {
            let fits = |plain: &str| {
                let (ours, theirs): (Vec<&str>, Vec<&str>) =
                    (plain.split('/').collect(), path.split('/').collect());
                let same = |(one, other): (&&str, &&str)| one == other || one.starts_with('{');
                ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same)
            };
            let found = ROUTES
                .iter()
                .any(|row| row.method == method && fits(&row.plain_path()));
            assert!(found, "{method} {path}");
        }
    }

    #[test]
    fn every_channel_that_is_named_is_one() {
        let text = made();
        let mut count = 0;
        for kind in ["public.", "agent.", "app.", "system."] {
            for start in ["\"channel\":\"", "`"] {
                for rest in text.replace('\\', "").split(&format!("{start}{kind}")).skip(1) {
                    let rest = rest.split(['"', '`']).next().unwrap();
                    let name = format!("{kind}{rest}").replace(['<', '>', '$'], "");
                    assert!(Namespace::of(&name).is_ok(), "{name}");
                    count += 1;
                }
            }
        }
        assert!(count > 30, "{count}");
    }

    #[test]
    fn every_action_and_code_is_told_of() {
        let text = made();
        assert!(
            ACTIONS
                .iter()
                .all(|row| text.contains(&format!("\n| `{}` |", row.name)))
        );
        assert!(
            Code::ALL
                .iter()
                .all(|code| text.contains(&format!("\n| `{}` |", code.name())))
        );
    }
}
