//! A Redis server of the test's own.

use super::authority::Authority;
use super::*;
use crate::config::{RedisAddress, Secret};
use ::redis::aio::MultiplexedConnection;
use ::redis::{Client, ClientTlsConfig, FromRedisValue, TlsCertificates};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// A password that must be encoded in a URL.
pub(super) const PASSWORD: &str = "p@ss/word";
pub(super) const PASSWORD_ENCODED: &str = "p%40ss%2Fword";

/// A throw-away Redis; gone when dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
    manner: Manner,
    folder: tempfile::TempDir,
}

/// How a server is started.
#[derive(Clone, Default)]
pub(super) struct Manner {
    /// Speaks TLS alone, and only with who has a certificate of this authority.
    pub authority: Option<Arc<Authority>>,
    pub has_password: bool,
    pub is_sentinel: bool,
    /// More lines of its settings.
    pub lines: Vec<String>,
}

/// A port that nobody has.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The configuration of a bus at a URL.
pub(super) fn config_at(url: &str, node: u128) -> BusConfig {
    BusConfig {
        redis: Some(RedisAddress::parse(url).unwrap()),
        node: Uuid::from_u128(node),
        ..BusConfig::default()
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_as(Manner::default()).await
    }

    pub(super) async fn start_as(manner: Manner) -> Self {
        // Another process may take the port between its choice and its use: then the next one is tried.
        for _ in 0..10 {
            let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
            let mut server = Self {
                child: spawn(port, &manner, &folder),
                port,
                manner: manner.clone(),
                folder,
            };
            if server.answers().await {
                return server;
            }
        }
        panic!("redis-server does not start");
    }

    /// As `start_as`, for a server whose certificate nobody should trust.
    pub(super) async fn start_distrusted(manner: Manner) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let server = Self {
            child: spawn(port, &manner, &folder),
            port,
            manner,
            folder,
        };
        until(async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
        server
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(in crate::bus) async fn start_again(&mut self) {
        self.child = spawn(self.port, &self.manner, &self.folder);
        assert!(self.answers().await, "redis-server does not start again");
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

    async fn connect(&self) -> ::redis::RedisResult<MultiplexedConnection> {
        let login = if self.manner.has_password {
            format!(":{PASSWORD_ENCODED}@")
        } else {
            String::new()
        };
        let client = match &self.manner.authority {
            None => Client::open(format!("redis://{login}127.0.0.1:{}", self.port)),
            Some(authority) => Client::build_with_tls(
                format!("rediss://{login}127.0.0.1:{}", self.port),
                TlsCertificates {
                    client_tls: Some(ClientTlsConfig {
                        client_cert: std::fs::read(authority.certificate()).unwrap(),
                        client_key: std::fs::read(authority.key()).unwrap(),
                    }),
                    root_cert: Some(std::fs::read(authority.authorities()).unwrap()),
                },
            ),
        };
        client?.get_multiplexed_async_connection().await
    }

    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        self.try_ask(command).await.unwrap()
    }

    /// As `ask`, of a server that may be away.
    pub(super) async fn try_ask<T: FromRedisValue>(&self, command: &[&str]) -> ::redis::RedisResult<T> {
        let mut connection = self.connect().await?;
        let mut request = ::redis::cmd(command[0]);
        for argument in &command[1..] {
            request.arg(argument);
        }
        request.query_async(&mut connection).await
    }

    pub(in crate::bus) fn bus(&self, node: u128) -> Bus {
        start(&self.config(node))
    }

    pub(crate) fn config(&self, node: u128) -> BusConfig {
        config_at(&format!("redis://127.0.0.1:{}", self.port), node)
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

    async fn answers(&mut self) -> bool {
        let mut tick = interval(Duration::from_millis(20));
        let up = async {
            loop {
                tick.tick().await;
                if self.child.try_wait().unwrap().is_some() {
                    return false;
                }
                if self.connect().await.is_ok() {
                    return true;
                }
            }
        };
        timeout(PATIENCE, up).await.unwrap_or(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already when a test stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, manner: &Manner, folder: &tempfile::TempDir) -> Child {
    let file = folder.path().join("settings");
    // A sentinel and a node of a Cluster write down what they learnt; a second start must find it.
    if !file.exists() {
        std::fs::write(&file, settings(port, manner, folder)).unwrap();
    }
    let mut command = Command::new("redis-server");
    command.arg(&file);
    if manner.is_sentinel {
        command.arg("--sentinel");
    }
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the test needs redis-server: apt-get install redis-server")
}

fn settings(port: u16, manner: &Manner, folder: &tempfile::TempDir) -> String {
    let mut lines = vec![
        "bind 127.0.0.1".to_owned(),
        format!("dir {}", folder.path().display()),
    ];
    match &manner.authority {
        None => lines.push(format!("port {port}")),
        Some(authority) => {
            lines.extend(["port 0".to_owned(), format!("tls-port {port}")]);
            lines.extend([
                "tls-replication yes".to_owned(),
                "tls-auth-clients yes".to_owned(),
            ]);
            lines.push(format!("tls-ca-cert-file {}", authority.authorities().display()));
            lines.push(format!("tls-cert-file {}", authority.certificate().display()));
            lines.push(format!("tls-key-file {}", authority.key().display()));
        }
    }
    if manner.has_password {
        lines.push(format!("requirepass {PASSWORD}"));
    }
    if !manner.is_sentinel {
        lines.extend(["save \"\"", "appendonly no", "repl-diskless-sync-delay 0"].map(str::to_owned));
        if manner.has_password {
            lines.push(format!("masterauth {PASSWORD}"));
        }
    }
    lines.extend(manner.lines.iter().cloned());
    lines.join("\n") + "\n"
}

/// The secret of `PASSWORD`.
pub(super) fn password() -> Secret {
    Secret::new(PASSWORD)
}
