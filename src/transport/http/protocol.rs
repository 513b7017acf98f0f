//! `docs/PROTOCOL.md`, made from the table of actions, the table of refusals and the route table.

use super::parameters::{Parameter, parameters_of};
use super::routes::{Auth, ROUTES};
use crate::domain::action::{ACTIONS, ActionInfo, Owner};
use crate::domain::event::EventKind;
use crate::domain::refusal::Code;
use serde_json::Value;

/// What comes on `region:<region>`.
const FRAMES: &str = "\n## What is seen\n\n\
    Sockets of agents see the cells around them, and cameras those that they look at, as publications on `region:<region>`. A cell \
    is 16 m wide. `{tick, cell: [column, row], snapshot?, agents?, left?, events?}` tells what changed in a cell, with `snapshot` \
    all that is in it; `{tick, cell, dropped: true}` that it is seen no more.\n\n\
    A camera in the mode `overview` sees every cell of a region of up to 512 m. Of a larger one it sees the cells around its \
    centre (the agent that it follows, else `look_at`) like that, and everybody in the region counted by blocks of cells: at first, \
    and then about once a second when the counts have changed.\n\n\
    `{tick, overview: {cells, area: [x0, y0, x1, y1], blocks: [[column, row, agents], ...]}}`\n\n\
    A block is `cells` cells wide, so its west and south edges are at `column` and `row` times `cells` times 16 m; blocks with \
    nobody in them are left out. Each shard tells of its `area`, the cells from `x0, y0` up to and without `x1, y1`; it replaces \
    what was told of that area before. A block across the border of two areas is told in both, each with its own agents.\n";

/// What changes for clients while the server falls behind.
const OVERLOAD: &str = "\n## Under overload\n\n\
    While the server falls behind (`/health/full` says so), handshakes of sockets take turns: one waits up to two seconds, or gets 503 \
    `overloaded` with `Retry-After`. Ticks may be 200 ms apart, and what is seen and heard around may wait 400 ms for more or until \
    an answer leaves on the same socket. `get_nearby_agents` tells of the last tick, which its `tick` names. Answers, the inbox and \
    channels do not wait.\n";

/// The page that lists actions, events, what is seen, refusals and routes.
pub fn page() -> String {
    let mut text = String::from(
        "# Protocol\n\n\
         Generated from the tables in `src/domain/action.rs`, `src/domain/event.rs`, `src/domain/refusal.rs` and \
         `src/transport/http/routes/table.rs`; `ROOKERY_BLESS=1 cargo test --lib protocol` writes it again.\n\n\
         ## Actions\n\n\
         On a socket: `rpc {method: \"<action>\", data: {...parameters, \"command_id\"?}}`. Over HTTP: \
         `POST /api/v1/agents/{agent_id}/action {action, params, command_id?}`. Unknown parameters are refused.\n\n\
         | Action | Owner | Acknowledged | Permission | Parameters |\n|---|---|---|---|---|\n",
    );
    ACTIONS.iter().for_each(|row| text.push_str(&action_row(row)));
    text.push_str(
        "\n`committed`: on disk before the answer, executed once for a command id. `checkpointed`: in memory, saved every \
         second. `ephemeral`: kept nowhere.\n",
    );
    ACTIONS.iter().for_each(|row| text.push_str(&action_chapter(row)));
    text.push_str("\n## Events\n\nThe same names on the wire and in the table: ");
    text.push_str(
        &EventKind::ALL
            .iter()
            .map(|kind| format!("`{}`", kind.name()))
            .collect::<Vec<_>>()
            .join(", "),
    );
    text.push_str(".\n");
    text.push_str(FRAMES);
    text.push_str(OVERLOAD);
    text.push_str(
        "\n## Refusals\n\n\
         Over HTTP a problem document (RFC 9457) with `code`; on a socket an error with the number and `code: detail` as message. \
         What is temporary may succeed later.\n\n\
         | Code | HTTP | Socket | Temporary | Meaning |\n|---|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let temporary = if code.is_temporary() { "yes" } else { "" };
        let row = [
            &format!("`{}`", code.name()),
            &code.status().to_string(),
            &code.socket_number().to_string(),
            temporary,
            code.help(),
        ];
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text.push_str("\n## Routes\n\n`/openapi.json` has their parameters, bodies and answers.\n\n| Route | Token | What it does |\n|---|---|---|\n");
    for route in ROUTES {
        let auth = match route.auth {
            Auth::Nobody => "",
            Auth::Agent => "an agent's",
            Auth::Holder => "anybody's",
            Auth::Own => "the agent's own",
            Auth::Admin => "an administrator's",
            Auth::Backend => "the backend's key",
        };
        text.push_str(&format!(
            "| `{} {}` | {auth} | {} |\n",
            route.method,
            route.plain_path(),
            route.summary
        ));
    }
    text
}

fn action_row(row: &ActionInfo) -> String {
    let owner = match row.owner {
        Owner::Region => "region",
        Owner::Agent => "agent",
        Owner::Conversation => "conversation",
    };
    let permission = serde_json::to_value(row.permission).unwrap_or_default();
    let schema = Value::from((row.schema)());
    let name = |parameter: Parameter<'_>| {
        if parameter.is_required {
            format!("`{}`", parameter.name)
        } else {
            format!("`{}?`", parameter.name)
        }
    };
    let parameters = parameters_of(&schema).map(name).collect::<Vec<_>>().join(", ");
    let cells = [
        &format!("`{}`", row.name),
        owner,
        row.durability.name(),
        permission.as_str().unwrap_or(""),
        &parameters,
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn action_chapter(row: &ActionInfo) -> String {
    let schema = Value::from((row.schema)());
    let description = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut text = format!("\n### {}\n\n{}\n", row.name, one_line(description));
    let mut parameters = parameters_of(&schema).peekable();
    if parameters.peek().is_some() {
        text.push_str("\n| Parameter | Type | What |\n|---|---|---|\n");
    }
    for parameter in parameters {
        let optional = if parameter.is_required { "" } else { ", optional" };
        let help = parameter
            .schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let kind = kind_of(parameter.schema, &schema);
        text.push_str(&format!(
            "| `{}` | {kind}{optional} | {} |\n",
            parameter.name,
            one_line(help)
        ));
    }
    text
}

/// A type in words: `string`, `number`, or the words that are allowed.
fn kind_of(property: &Value, root: &Value) -> String {
    if let Some(target) = property.get("$ref").and_then(Value::as_str) {
        let found = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return found.map(|found| kind_of(found, root)).unwrap_or_default();
    }
    if let Some(word) = property.get("const") {
        return format!("`{}`", word.as_str().unwrap_or_default());
    }
    let words = |list: &Value| {
        let list = list.as_array().into_iter().flatten();
        list.map(|word| format!("`{}`", word.as_str().unwrap_or_default()))
            .collect::<Vec<_>>()
            .join(" or ")
    };
    if let Some(list) = property.get("enum") {
        return words(list);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(list) = property.get(key).and_then(Value::as_array) {
            let kinds = list
                .iter()
                .map(|one| kind_of(one, root))
                .filter(|kind| !kind.is_empty() && kind != "null");
            return kinds.collect::<Vec<_>>().join(" or ");
        }
    }
    match property.get("type") {
        Some(Value::String(kind)) if kind == "array" => {
            format!(
                "list of {}",
                property
                    .get("items")
                    .map(|items| kind_of(items, root))
                    .unwrap_or_default()
            )
        }
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .filter(|kind| *kind != "null")
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "any".to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn protocol_page_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PROTOCOL.md");
        if std::env::var_os("ROOKERY_BLESS").is_some() {
            std::fs::write(&path, page()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page(),
            "docs/PROTOCOL.md is stale; run with ROOKERY_BLESS=1 to write it again"
        );
    }

    #[test]
    fn page_names_every_action_and_refusal() {
        let page = page();
        for row in ACTIONS {
            assert!(
                page.contains(&format!("| `{}` |", row.name))
                    && page.contains(&format!("### {}\n", row.name)),
                "{}",
                row.name
            );
        }
        for code in Code::ALL {
            assert!(
                page.contains(&format!("| `{}` | {} |", code.name(), code.status())),
                "{}",
                code.name()
            );
        }
    }
}
