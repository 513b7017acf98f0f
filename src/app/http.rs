//! The HTTP servers: the public port, and the admin port when there is one.

use crate::config::Config;
use crate::telemetry::metric;
use crate::transport::http;
use crate::transport::web::Web;
use crate::transport::ws::{self, Berths, Connections};
use actix_http::body::BoxBody;
use actix_http::{HttpServiceBuilder, Request, Response};
use actix_rt::net::TcpStream;
use actix_server::{GracefulShutdownSignal, ServerBuilder, ServerHandle};
use actix_service::{Service, ServiceFactory, map_config};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::web::Data;
use anyhow::Context;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpSocket;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 4_096;

/// Servers that listen.
pub struct Servers {
    /// To stop them.
    pub handles: Vec<ServerHandle>,
    /// Connections of the public one, sockets among them.
    pub connections: Arc<Connections>,
    /// Where the public one listens.
    pub addresses: Vec<SocketAddr>,
}

/// Binds and starts the servers.
/// Errors: an address that cannot be bound.
pub fn bind(config: &Arc<Config>, web: Web, berths: Berths, connections_max: u64) -> anyhow::Result<Servers> {
    let web = Data::new(web);
    let limit = match u64::from(config.server.max_connections) {
        0 => connections_max,
        asked => asked.min(connections_max),
    };
    let connections = Arc::<Connections>::default();
    let (public, address) = bind_public(config, &web, (Arc::new(berths), Arc::clone(&connections)), limit)?;
    let mut handles = vec![public];
    if let Some(address) = config.server.admin_listen {
        handles.push(bind_admin(config, web, address)?);
    }
    metric::connections_refused().increment(0);
    Ok(Servers {
        handles,
        connections,
        addresses: vec![address],
    })
}

/// The public port. Each worker thread has two applications: one answers requests to become a socket, and has the doors of the
/// threads that sockets go to; one answers all others.
fn bind_public(
    config: &Arc<Config>,
    web: &Data<Web>,
    (berths, connections): (Arc<Berths>, Arc<Connections>),
    limit: u64,
) -> anyhow::Result<(ServerHandle, SocketAddr)> {
    let load = Data::new(http::load::Load::new(Arc::clone(&connections), limit));
    let has_admin = config.server.admin_listen.is_some();
    let (shared, settings) = (web.clone(), Arc::clone(config));
    let (listener, address) = listen(config.server.listen)?;
    let builder = builder(config).workers(worker_count(config));
    let signal = builder.graceful_shutdown_signal();
    let server = builder
        .listen("public", listener, move || {
            let application = |berths: Option<Arc<Berths>>| {
                let mut app = App::new().app_data(shared.clone()).app_data(load.clone());
                if let Some(berths) = berths {
                    app = app.app_data(berths);
                }
                let app = app.configure(|routes| {
                    if !has_admin {
                        http::configure_admin(routes);
                    }
                    http::configure(routes);
                });
                map_config(http::wrap(app, &settings), |_| AppConfig::default())
            };
            let (connections, signal) = (Arc::clone(&connections), signal.clone());
            tuned(&settings, signal)
                .on_connect_ext(move |stream, extensions| ws::on_connect(stream, &connections, extensions))
                .upgrade(ws::upgrade(application(Some(Arc::clone(&berths)))))
                .finish(application(None))
                .tcp()
        })
        .with_context(|| format!("could not listen on {address}"))?
        .run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok((handle, address))
}

/// The operator's port.
fn bind_admin(config: &Arc<Config>, web: Data<Web>, address: SocketAddr) -> anyhow::Result<ServerHandle> {
    let settings = Arc::clone(config);
    let (listener, address) = listen(address)?;
    let builder = builder(config).workers(1);
    let signal = builder.graceful_shutdown_signal();
    let server = builder
        .listen("admin", listener, move || {
            let app = App::new()
                .app_data(web.clone())
                .configure(http::configure_admin)
                .default_service(http::no_route());
            let app = map_config(http::wrap(app, &settings), |_| AppConfig::default());
            tuned(&settings, signal.clone()).finish(app).tcp()
        })
        .with_context(|| format!("could not listen on {address}"))?
        .run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok(handle)
}

/// Settings that both servers share.
fn builder(config: &Config) -> ServerBuilder {
    ServerBuilder::new()
        .backlog(BACKLOG)
        .max_concurrent_connections(usize::MAX / 2)
        .shutdown_timeout(u64::from(config.server.shutdown_timeout_s))
        .disable_signals()
}

/// Settings of HTTP connections that both servers share. At a stop, idle connections close at once.
fn tuned<S>(config: &Config, signal: GracefulShutdownSignal) -> HttpServiceBuilder<TcpStream, S>
where
    S: ServiceFactory<Request, Config = (), InitError = ()>,
    S::Error: Into<Response<BoxBody>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
{
    HttpServiceBuilder::default()
        .client_request_timeout(Duration::from_millis(config.server.client_request_timeout_ms))
        .client_disconnect_timeout(Duration::from_secs(2))
        .keep_alive(Duration::from_secs(30))
        .graceful_shutdown_signal(move || {
            let signal = signal.clone();
            async move { signal.notified().await }
        })
}

/// Errors: the address cannot be had.
fn listen(address: SocketAddr) -> anyhow::Result<(std::net::TcpListener, SocketAddr)> {
    let bound = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A restarted server must not wait for the connections of the last one to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?.into_std()?;
        let address = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, address))
    };
    bound().with_context(|| format!("could not listen on {address}"))
}

fn worker_count(config: &Config) -> usize {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    usize::try_from(config.server.workers)
        .ok()
        .filter(|n| *n > 0)
        .unwrap_or(cores)
}
