//! A Redis server of the test's own.

use super::*;
use ::redis::FromRedisValue;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// A throw-away Redis; gone when dropped.
pub(in crate::bus) struct Server {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Server {
    pub(in crate::bus) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Another process may take the port between its choice and its use: then the next one is tried.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let mut child = spawn(port, &folder);
            if answers(port, &mut child).await {
                return Self { child, port, folder };
            }
        }
        panic!("redis-server does not start");
    }

    pub(in crate::bus) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(in crate::bus) fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(in crate::bus) async fn start_again(&mut self) {
        self.child = spawn(self.port, &self.folder);
        assert!(
            answers(self.port, &mut self.child).await,
            "redis-server does not start again"
        );
    }

    /// Stops the process without closing anything: it accepts, and never answers.
    pub(in crate::bus) fn freeze(&self) {
        kill(self.pid(), Signal::SIGSTOP).unwrap();
    }

    pub(in crate::bus) fn thaw(&self) {
        kill(self.pid(), Signal::SIGCONT).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }

    pub(in crate::bus) async fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let client = ::redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut request = ::redis::cmd(command[0]);
        for argument in &command[1..] {
            request.arg(argument);
        }
        request.query_async(&mut connection).await.unwrap()
    }

    pub(in crate::bus) fn bus(&self, node: u128) -> Bus {
        start(&self.config(node))
    }

    pub(in crate::bus) fn config(&self, node: u128) -> BusConfig {
        BusConfig {
            redis_url: Some(self.url()),
            node: Uuid::from_u128(node),
            ..BusConfig::default()
        }
    }

    /// Waits until as many connections listen to the topic.
    pub(in crate::bus) async fn heard_by(&self, topic: &Topic, listeners: u64) {
        let name = topic.name("rookery:");
        until(async || {
            let (_, found): (String, u64) = self.ask(&["PUBSUB", "NUMSUB", &name]).await;
            found == listeners
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already when a test stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, folder: &tempfile::TempDir) -> Child {
    Command::new("redis-server")
        .args([
            "--save",
            "",
            "--appendonly",
            "no",
            "--bind",
            "127.0.0.1",
            "--port",
        ])
        .arg(port.to_string())
        .arg("--dir")
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the test needs redis-server: apt-get install redis-server")
}

async fn answers(port: u16, child: &mut Child) -> bool {
    let client = ::redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
    let mut tick = interval(Duration::from_millis(20));
    let up = async {
        loop {
            tick.tick().await;
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if client.get_multiplexed_async_connection().await.is_ok() {
                return true;
            }
        }
    };
    timeout(PATIENCE, up).await.unwrap_or(false)
}
