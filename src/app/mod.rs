//! Floor 5: builds everything and knows everyone.

pub mod channel_backup;
mod farewell;
mod http;
mod keepers;
mod plan;
mod refill;
mod start;
mod stop;

pub use plan::plans_of;
pub use refill::{Refilled, refill};
pub use start::{NodeParts, Opened, open_store, start_node, when_ready};

use crate::actors::gateway::Gateway;
use crate::actors::inhabitants::{Inhabitants, InhabitantsMessage};
use crate::actors::mailbox::Seat;
use crate::actors::shard;
use crate::config::{Config, LogFormat};
use crate::guard::origin::Origins;
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::host::files::raise_file_limit;
use crate::store::Target;
use crate::telemetry::{log, metric};
use crate::transport::access::Access;
use crate::transport::http::admission::Admission;
use crate::transport::http::server_api::ServerApi;
use crate::transport::http::visits::Visits;
use crate::transport::web::Web;
use crate::transport::ws::Berths;
use anyhow::{Context, ensure};
use channel_backup::{Daily, keep_daily};
use std::sync::Arc;

/// Descriptors kept for the database, Redis and files when connections are counted.
const FILES_RESERVED: u64 = 256;
/// With fewer descriptors a node would be deaf most of the time.
const FILES_MIN: u64 = 2 * FILES_RESERVED;

/// The database that the settings name.
/// Errors: the data folder cannot be made.
pub fn target_of(config: &Config) -> anyhow::Result<Target> {
    if let Some(url) = &config.store.database {
        return Ok(Target::Postgres(url.expose().to_owned()));
    }
    let folder = &config.server.data;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not make the data folder {}", folder.display()))?;
    Ok(Target::Sqlite(folder.join("rookery.sqlite")))
}

/// Runs a node until it is told to stop.
/// Errors: whatever keeps it from starting.
pub fn serve(config: Config) -> anyhow::Result<()> {
    let format = match config.log.format {
        LogFormat::Json => log::Format::Json,
        LogFormat::Pretty => log::Format::Pretty,
    };
    log::install(format, &config.log.filter)?;
    let files = raise_file_limit();
    ensure!(
        files >= FILES_MIN,
        "a node needs at least {FILES_MIN} open files, and the limit is {files}: raise the hard limit (ulimit -Hn)"
    );
    let recorder = metric::install()?;
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let target = target_of(&config)?;
    let _lock = lock_file(&target)?;
    // Migrations and claims block: they come before the actix system.
    let opened = start::open_store(&config, &target, &clock, &entropy)?;
    let io = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("io")
        .enable_all()
        .build()?;
    let origins = Origins::new(config.server.allowed_origins.iter().map(String::as_str))?;
    let config = Arc::new(config);
    let io_handle = io.handle().clone();
    let node = opened.node;
    let ran: anyhow::Result<Held> = actix_web::rt::System::new().block_on(async {
        let mut asked = stop::Asked::listen()?;
        let mut parts = start_node(&config, opened, &clock, &entropy, &io_handle).await?;
        let gateway = parts.gateway.clone();
        let (database, settings) = (gateway.node.database.clone(), Arc::clone(&config));
        let access = tokio::select! {
            () = asked.wait() => return Ok(Held::Still),
            loaded = Access::load(database, settings, clock.clone(), entropy.clone()) => loaded?,
        };
        let web = Web {
            server_api: ServerApi::new(&config),
            gateway: gateway.clone(),
            access: Arc::clone(&access),
            config: Arc::clone(&config),
            recorder: recorder.clone(),
            origins,
            visits: Visits::default(),
            admission: Admission::default(),
        };
        let connections = files.saturating_sub(FILES_RESERVED);
        let servers = http::bind(
            &config,
            web,
            Berths::new(std::mem::take(&mut parts.berths)),
            connections,
        )?;
        keepers::start(&gateway, &access, &config, recorder);
        if let Some(daily) = Daily::of(&config.backup, &target, &clock, &entropy) {
            actix_web::rt::spawn(keep_daily(Arc::clone(&gateway.node), daily));
        }
        let is_kept = tokio::select! {
            () = asked.wait() => true,
            () = live(&mut parts, &servers, &config) => false,
        };
        stop::stop(servers, &mut parts, &config).await;
        ensure!(is_kept, "nobody keeps the leases any more");
        Ok(Held::NoMore)
    });
    // A port that is taken, for instance, or a stop that came before there was a server.
    if !matches!(ran, Ok(Held::NoMore)) {
        start::give_back(&target, node, &clock);
    }
    io.shutdown_timeout(std::time::Duration::from_secs(2));
    ran.map(|_held| tracing::info!("stopped"))
}

/// Whether the node holds leases when its actors have ended.
enum Held {
    Still,
    NoMore,
}

/// Runs what this node holds, and tells so once it serves the world. Ends only when nobody keeps the leases any more.
async fn live(parts: &mut NodeParts, servers: &http::Servers, config: &Config) {
    let gateway = parts.gateway.clone();
    let (mut is_told, mut inhabitants) = (false, None);
    if gateway.check_here().is_err() {
        announce("stands by", servers);
        tracing::info!("another node runs the world: this one stands by");
    }
    // Kept from turn to turn: loading may take longer than one.
    let mut loading = std::pin::pin!(when_ready(&gateway));
    loop {
        let is_new = !is_told && gateway.check_here().is_ok();
        tokio::select! {
            () = &mut loading, if is_new => {
                is_told = true;
                announce("runs", servers);
                tracing::info!(node = %config.server.node, "node {} is ready", config.server.node);
            }
            changed = parts.turns.changed() => {
                if changed.is_err() {
                    return;
                }
                let turn = parts.turns.borrow_and_update().clone();
                shard::follow(&gateway.node, &turn).await;
            }
        }
        if is_told {
            keep_inhabitants(&gateway, config, &mut inhabitants);
        }
    }
}

/// The demo's inhabitants live with the node that runs the world's first shard, once in the whole world.
fn keep_inhabitants(gateway: &Gateway, config: &Config, living: &mut Option<Seat<Inhabitants>>) {
    match (gateway.node.directory.runs_first(), living.take()) {
        (true, None) => *living = start_inhabitants(gateway, config),
        (true, some) => *living = some,
        (false, Some(elsewhere)) => elsewhere.order(InhabitantsMessage::Stop),
        (false, None) => {}
    }
}

/// Tells what the node does, and where.
fn announce(does: &str, servers: &http::Servers) {
    for address in &servers.addresses {
        // The one line that scripts and people wait for.
        println!("Rookery {does}: http://{address}/");
    }
}

/// The demo's inhabitants live on the first thread.
fn start_inhabitants(gateway: &Gateway, config: &Config) -> Option<Seat<Inhabitants>> {
    let thread = gateway.node.directory.first_thread()?;
    (config.world.demo > 0).then(|| Inhabitants::start(gateway, &thread, config.world.demo))
}

/// One process a SQLite file: a second one is refused at the start.
fn lock_file(target: &Target) -> anyhow::Result<Option<crate::store::FileLock>> {
    match target {
        Target::Sqlite(path) => Ok(Some(crate::store::lock(path)?)),
        Target::SqliteMemory(_) | Target::Postgres(_) => Ok(None),
    }
}
