//! Redis.

use super::{Cell, program, start_on_free_port};
use nix::sys::signal::Signal;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A Redis server that keeps nothing on disk.
pub struct Redis {
    cell: Cell,
    program: PathBuf,
    options: Vec<String>,
    port: u16,
}

impl Redis {
    /// Starts an empty server.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts an empty server with more options, each as `--name value`.
    pub fn start_with(options: &[&str]) -> Self {
        let cell = Cell::new("redis", Signal::SIGKILL);
        let program = program("redis-server", &[], "redis-server").unwrap_or_else(|error| panic!("{error}"));
        let mut redis = Self {
            cell,
            program,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            port: 0,
        };
        redis.port = start_on_free_port("Redis", |port| redis.launch(port));
        redis
    }

    fn launch(&mut self, port: u16) -> Result<(), String> {
        let mut command = self.cell.command(&self.program);
        command.args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command.args(&self.options);
        // Another server may hold the port and answer in our place: the process id in the answer must be ours.
        self.cell.start(&mut command, |pid| {
            ask_redis(port, "INFO server")
                .is_some_and(|info| info.contains(&format!("\r\nprocess_id:{pid}\r\n")))
        })
    }

    /// The address of the server.
    pub fn url(&self) -> String {
        format!("redis://{}", self.host())
    }

    /// Where the server listens: `127.0.0.1:port`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Sends one command, words parted by spaces, and gives the first 4 KiB of the raw answer (`+OK\r\n`); none when the
    /// server is away.
    pub fn ask(&self, command: &str) -> Option<String> {
        ask_redis(self.port, command)
    }

    /// Forgets everything, as an emptied server does.
    pub fn flush(&self) {
        assert_eq!(self.ask("FLUSHALL").as_deref(), Some("+OK\r\n"));
    }

    /// Ends the server without warning.
    pub fn kill(&mut self) {
        self.cell.stop(Signal::SIGKILL);
    }

    /// Starts the server again, empty, on the same port; kills it first when it runs.
    pub fn restart(&mut self) {
        self.kill();
        let port = self.port;
        self.launch(port)
            .unwrap_or_else(|log| panic!("Redis does not start again:\n{log}"));
    }

    /// The folder of the server, gone after drop.
    pub fn folder(&self) -> &Path {
        &self.cell.folder
    }
}

fn ask_redis(port: u16, command: &str) -> Option<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut socket = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    socket.write_all(format!("{command}\r\n").as_bytes()).ok()?;
    let mut answer = [0; 4096];
    let length = socket.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(answer.get(..length)?).into_owned())
}
