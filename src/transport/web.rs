//! What every transport shares.

use super::access::Access;
use super::http::admission::Admission;
use super::http::server_api::ServerApi;
use super::http::visits::Visits;
use crate::actors::gateway::Gateway;
use crate::config::Config;
use crate::guard::origin::Origins;
use crate::telemetry::metric::Recorder;
use std::net::IpAddr;
use std::sync::Arc;

/// What every transport shares. One a process, as `actix_web::web::Data<Web>`.
pub struct Web {
    /// The door to the actors.
    pub gateway: Gateway,
    /// Who is who.
    pub access: Arc<Access>,
    /// How this process is set up.
    pub config: Arc<Config>,
    /// The metrics.
    pub recorder: Recorder,
    /// Browsers' origins that may come.
    pub origins: Origins,
    /// Sockets without an agent, by address.
    pub visits: Visits,
    /// The line of handshakes, while the node falls behind.
    pub admission: Admission,
    /// Who may use the server API, and how much of it.
    pub server_api: ServerApi,
}

impl Web {
    /// The address that limits are kept by: the client's, through trusted proxies only; IPv6 by its /64.
    pub fn client_key(&self, peer: Option<IpAddr>, forwarded: &[&str]) -> String {
        let Some(peer) = peer else {
            return "unknown".to_owned();
        };
        let proxies = &self.config.server.trusted_proxies;
        let is_trusted = |address: IpAddr| proxies.iter().any(|range| range.contains(address));
        crate::guard::client_ip::rate_key(crate::guard::client_ip::client_address(
            peer, forwarded, is_trusted,
        ))
    }
}
