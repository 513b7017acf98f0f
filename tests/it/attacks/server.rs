//! The worlds that are attacked, and the agents who live there.

use super::raw::{self, Answer};
use rookery::store::{Reader, Target};
use serde_json::json;
use std::path::PathBuf;

use crate::world::{Settings, TestWorld};

/// A world under attack.
pub struct Server {
    world: TestWorld,
}

/// An agent with what it got at registration.
#[derive(Clone)]
pub struct Agent {
    /// Its handle.
    pub handle: String,
    /// Its key.
    pub key: String,
    /// Its token.
    pub token: String,
    /// What gets the next token.
    pub refresh: String,
}

impl Server {
    /// Starts a world.
    pub fn start(is_limited: bool, variables: &[(&'static str, &str)]) -> Self {
        let variables = variables
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        Self {
            world: TestWorld::start(Settings {
                is_limited,
                variables,
                ..Settings::default()
            }),
        }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.world.port()
    }

    /// The folder of its data.
    pub fn data(&self) -> PathBuf {
        self.world.data()
    }

    /// A second pair of eyes on its database.
    pub fn reader(&self) -> Reader {
        Reader::open(&Target::Sqlite(self.data().join("rookery.sqlite"))).expect("the database can be read")
    }

    /// Memory in use. Units: KiB.
    pub fn rss_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.world.pid()))
            .expect("the process is ours");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("the kernel counts memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Sends a request that must be taken.
    pub async fn ok(&self, request: Vec<u8>) -> Answer {
        let answer = raw::exchange(self.port(), request).await.expect("an answer");
        assert!((200..300).contains(&answer.status), "{answer:?}");
        answer
    }

    /// Registers an agent of this handle and name and brings it into the world.
    pub async fn agent(&self, handle: &str) -> Agent {
        let body = json!({"name": handle, "agent_id": handle}).to_string();
        let answer = self.ok(raw::post("/api/v1/register", None, body)).await;
        let text = |name: &str| answer.body[name].as_str().expect("a text").to_owned();
        let agent = Agent {
            handle: handle.to_owned(),
            key: text("api_key"),
            token: text("token"),
            refresh: text("refresh_token"),
        };
        let body = json!({"agent_id": handle, "token": agent.token}).to_string();
        self.ok(raw::post("/api/v1/connect", None, body)).await;
        agent
    }
}

impl Agent {
    /// Where it acts.
    pub fn action_path(&self) -> String {
        format!("/api/v1/agents/{}/action", self.handle)
    }

    /// An action of its own; `params` is JSON as it is to be sent.
    pub fn act(&self, action: &str, params: &str) -> Vec<u8> {
        raw::post(
            &self.action_path(),
            Some(&self.token),
            format!(r#"{{"action":"{action}","params":{params}}}"#),
        )
    }

    /// An action with an id of its own.
    pub fn act_as(&self, action: &str, params: &str, command_id: &str) -> Vec<u8> {
        let body = format!(r#"{{"action":"{action}","params":{params},"command_id":"{command_id}"}}"#);
        raw::post(&self.action_path(), Some(&self.token), body)
    }
}
