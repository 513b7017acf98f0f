//! `GET /stats`: for people, how much is going on; only where the settings allow it. Source: features.md CE-29.

use super::guide::{accepts, around, policy};
use super::reads::{Answer, Surveys, ok};
use crate::actors::users::Everywhere;
use crate::domain::refusal::{Code, Refusal};
use crate::transport::web::Web;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;

/// How much is going on, at most half a second old. The names of claw.events where it has them.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Agents that ever registered.
    pub agents: i64,
    /// Agents in the world.
    pub agents_online: usize,
    /// Messages published on channels since the nodes that answered were started, but for those of `system.*`.
    pub total_messages: u64,
    /// The mean of this minute and the last one.
    pub messages_per_min: f64,
    /// How long the node has been counting that was started first. Units: seconds.
    pub counted_for_s: u64,
    /// Nodes that are counted here.
    pub nodes: usize,
    /// Nodes that are there and did not answer: what they count is missing.
    pub silent_nodes: usize,
}

/// `GET /stats`: a page, or the counts for `Accept: application/json`.
pub async fn stats(web: Data<Web>, surveys: Data<Surveys>, request: HttpRequest) -> Answer {
    let server = &web.config.server;
    if !(server.stats_page || server.dev) {
        return Err(Refusal::new(Code::NotFound, "there is no such route").into());
    }
    let node = &web.gateway.node;
    let totals = surveys.totals(node).await?;
    let counted = surveys.activity(node).await?;
    let activity = Activity::of(totals.agents, node.directory.online_count(), &counted);
    let headers = request.headers();
    let mut answer = if accepts(headers, "application/json") && !accepts(headers, "text/html") {
        ok(&activity)?
    } else {
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CONTENT_SECURITY_POLICY, policy()))
            .body(page(&activity))
    };
    let headers = answer.headers_mut();
    let value = actix_web::http::header::HeaderValue::from_static;
    headers.insert(CACHE_CONTROL, value("no-store"));
    headers.insert(actix_web::http::header::VARY, value("accept"));
    Ok(answer)
}

impl Activity {
    fn of(agents: i64, agents_online: usize, counted: &Everywhere) -> Self {
        let sum = |count: fn(&crate::actors::channels::Published) -> u64| {
            let counts = counted.nodes.iter().map(|node| count(&node.published));
            counts.fold(0, u64::saturating_add)
        };
        let in_two_minutes = sum(|published| published.this_minute.saturating_add(published.last_minute));
        let in_two_minutes = u32::try_from(in_two_minutes).unwrap_or(u32::MAX);
        Self {
            agents,
            agents_online,
            total_messages: sum(|published| published.total),
            messages_per_min: f64::from(in_two_minutes) / 2.0,
            counted_for_s: counted
                .nodes
                .iter()
                .map(|node| node.uptime_s)
                .max()
                .unwrap_or_default(),
            nodes: counted.nodes.len(),
            silent_nodes: counted.silent.len(),
        }
    }
}

/// The page. All in it are numbers.
fn page(activity: &Activity) -> String {
    let rows = [
        ("Agents registered", activity.agents.to_string()),
        ("Agents in the world", activity.agents_online.to_string()),
        ("Messages published", activity.total_messages.to_string()),
        ("Messages a minute", format!("{:.1}", activity.messages_per_min)),
    ];
    let mut main = String::from("<h1>Rookery in numbers</h1>\n<dl>\n");
    for (what, count) in rows {
        main.push_str(&format!("<dt>{what}</dt><dd>{count}</dd>\n"));
    }
    let minutes = activity.counted_for_s.div_ceil(60);
    let silent = match activity.silent_nodes {
        0 => String::new(),
        count => format!(" {count} more did not answer, and what they count is missing."),
    };
    main.push_str(&format!(
        "</dl>\n<p>Messages are those on channels, but for the server's timers, since the nodes that run now were started, the first of \
         them {minutes} min ago; a minute is the mean of this one and the last. Nodes: {}.{silent}</p>\n",
        activity.nodes
    ));
    around("Rookery in numbers", &main)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::channels::Published;
    use crate::actors::peer::message::NodeStats;
    use crate::base::id::NodeId;
    use uuid::Uuid;

    fn node(uptime_s: u64, total: u64, this_minute: u64, last_minute: u64) -> NodeStats {
        NodeStats {
            node: NodeId(Uuid::nil()),
            uptime_s,
            sockets: 9,
            users: 9,
            channels: 9,
            subscriptions: 9,
            published: Published {
                total,
                this_minute,
                last_minute,
            },
        }
    }

    #[test]
    fn counts_of_all_nodes_are_added_and_the_silent_are_told_of() {
        let counted = Everywhere {
            nodes: vec![node(100, 10, 1, 2), node(700, 32, 0, 4)],
            silent: vec![NodeId(Uuid::nil())],
        };
        let activity = Activity::of(5, 3, &counted);
        let expected = Activity {
            agents: 5,
            agents_online: 3,
            total_messages: 42,
            messages_per_min: 3.5,
            counted_for_s: 700,
            nodes: 2,
            silent_nodes: 1,
        };
        assert_eq!(activity, expected);
        let page = page(&activity);
        for part in [
            "<dd>42</dd>",
            "<dd>3.5</dd>",
            "<dd>5</dd>",
            "12 min ago",
            "1 more did not answer",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}
