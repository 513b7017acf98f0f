//! The HTTP servers: the public port, and the admin port when there is one.

use crate::actors::hub::{HubActor, HubTable};
use crate::actors::watch;
use crate::config::Config;
use crate::telemetry::metric;
use crate::transport::http;
use crate::transport::web::Web;
use crate::transport::ws::{self, Worker};
use actix_web::dev::{Extensions, ServerHandle};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use anyhow::Context;
use std::any::Any;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Settings that both servers share. A macro, because the server's type cannot be written down.
macro_rules! tuned {
    ($server:expr, $config:expr) => {
        $server
            .client_request_timeout(Duration::from_millis($config.server.client_request_timeout_ms))
            .client_disconnect_timeout(Duration::from_secs(2))
            .keep_alive(Duration::from_secs(30))
            .shutdown_timeout(u64::from($config.server.shutdown_timeout_s))
            .disable_signals()
    };
}

/// Servers that listen.
pub struct Servers {
    /// To stop them.
    pub handles: Vec<ServerHandle>,
    /// Where the public one listens.
    pub addresses: Vec<SocketAddr>,
}

/// Counts an open connection for as long as it is there.
struct Counted(Arc<AtomicU64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Binds and starts the servers.
/// Errors: an address that cannot be bound.
pub fn bind(config: &Config, web: Web, connections_max: u64) -> anyhow::Result<Servers> {
    let web = Data::new(web);
    let open = Arc::new(AtomicU64::new(0));
    let limit = match u64::from(config.server.max_connections) {
        0 => connections_max,
        asked => asked.min(connections_max),
    };
    let load = Data::new(http::load::Load::new(Arc::clone(&open), limit));
    let has_admin = config.server.admin_listen.is_some();
    let shared = web.clone();
    let node = Arc::clone(&web.gateway.node);
    let server = HttpServer::new(move || {
        let table = Rc::new(RefCell::new(HubTable::default()));
        let hub = watch::start_here(&node.quarantine, HubActor::new(Rc::clone(&table)));
        let worker = Rc::new(Worker {
            table,
            hub: node.directory.put_hub(hub),
        });
        let app = App::new()
            .app_data(shared.clone())
            .app_data(load.clone())
            .app_data(worker)
            .configure(move |routes| {
                if !has_admin {
                    http::configure_admin(routes);
                }
                http::configure(routes);
            });
        http::wrap(app, &shared.config)
    });
    let counter = Arc::clone(&open);
    let server = tuned!(server, config)
        .workers(worker_count(config))
        .backlog(4_096)
        .max_connections(usize::MAX / 2)
        .on_connect(move |connection: &dyn Any, extensions: &mut Extensions| {
            counter.fetch_add(1, Ordering::Relaxed);
            extensions.insert(Counted(Arc::clone(&counter)));
            ws::on_connect(connection, extensions);
        });
    let listen = config.server.listen;
    let server = server
        .bind(listen)
        .with_context(|| format!("could not listen on {listen}"))?;
    let addresses = server.addrs();
    let running = server.run();
    let mut handles = vec![running.handle()];
    actix_web::rt::spawn(running);
    if let Some(listen) = config.server.admin_listen {
        let admin = HttpServer::new(move || {
            let app = App::new()
                .app_data(web.clone())
                .configure(http::configure_admin)
                .default_service(http::no_route());
            http::wrap(app, &web.config)
        });
        let admin = tuned!(admin, config)
            .workers(1)
            .bind(listen)
            .with_context(|| format!("could not listen on {listen}"))?;
        let running = admin.run();
        handles.push(running.handle());
        actix_web::rt::spawn(running);
    }
    metric::connections_refused().increment(0);
    Ok(Servers { handles, addresses })
}

fn worker_count(config: &Config) -> usize {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    usize::try_from(config.server.workers)
        .ok()
        .filter(|n| *n > 0)
        .unwrap_or(cores)
}
