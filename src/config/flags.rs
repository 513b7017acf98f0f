//! The flags of the command line that are settings.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::setting::Kind;

/// The flags of `rookery serve`; each is also `ROOKERY_<NAME>` in the environment.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// Address and port to listen on [default: 127.0.0.1:8000].
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Address and port of /metrics and /health/full, apart from the clients'.
    #[arg(long, value_name = "ADDRESS")]
    pub admin_listen: Option<SocketAddr>,
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
    /// Address of Redis: one server, sentinels or a Cluster [default: none].
    #[arg(long, value_name = "URL")]
    pub redis: Option<String>,
    /// World file [default: the built-in world].
    #[arg(long, value_name = "FILE")]
    pub world: Option<PathBuf>,
    /// Name of this node [default: node-a].
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// Inhabitants to bring along.
    #[arg(long, value_name = "N")]
    pub demo: Option<u32>,
    /// Lift all rates and counts, for load tests.
    #[arg(long)]
    pub unlimited: bool,
}

/// The flags of every command that opens the store.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct StoreFlags {
    /// Settings file [default: rookery.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the SQLite database [default: ./data].
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Address of a PostgreSQL database [default: SQLite].
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Development only: allow known-weak secrets and insecure connections.
    #[arg(long)]
    pub dev: bool,
}

impl From<StoreFlags> for Flags {
    fn from(store: StoreFlags) -> Self {
        Self {
            store,
            ..Self::default()
        }
    }
}

impl Flags {
    /// The flags that were given, as section, key and text.
    pub(super) fn given(&self) -> Vec<(&'static str, &'static str, Kind, String)> {
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let all = [
            (
                "server",
                "listen",
                Kind::Text,
                self.listen.map(|listen| listen.to_string()),
            ),
            (
                "server",
                "admin_listen",
                Kind::Text,
                self.admin_listen.map(|listen| listen.to_string()),
            ),
            ("server", "data", Kind::Text, self.store.data.as_ref().map(path)),
            ("server", "node", Kind::Text, self.node.clone()),
            (
                "server",
                "dev",
                Kind::Switch,
                self.store.dev.then(|| "true".to_owned()),
            ),
            ("store", "database", Kind::Secret, self.store.database.clone()),
            ("bus", "redis", Kind::Secret, self.redis.clone()),
            ("world", "file", Kind::Text, self.world.as_ref().map(path)),
            (
                "world",
                "demo",
                Kind::Number,
                self.demo.map(|demo| demo.to_string()),
            ),
            (
                "limits",
                "unlimited",
                Kind::Switch,
                self.unlimited.then(|| "true".to_owned()),
            ),
        ];
        let given = all
            .into_iter()
            .filter_map(|(section, key, kind, text)| Some((section, key, kind, text?)));
        given.collect()
    }
}
