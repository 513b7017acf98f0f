//! The rows, in the order in which the router tries them: what takes any name stands last.

use super::{Answers, Auth, RouteInfo, schema, shape};
use crate::config::world_file::Region;
use crate::domain::refusal::Code;
use crate::transport::http::channels::{self, advert, app, list, login, proxy, rule};
use crate::transport::http::identity::{presence, profile, register, token};
use crate::transport::http::reads::{agents, chat, events, objects, stats, weather, world};
use crate::transport::http::{
    admin, docs, guide, invariants, nodes, openapi, page, placement, server_api, spectator, stats as activity,
};
use actix_web::http::Method;
use actix_web::web::route;

const fn get(path: &'static str, tag: &'static str, summary: &'static str) -> RouteInfo {
    RouteInfo::new(Method::GET, path, tag, summary)
}

const fn post(path: &'static str, tag: &'static str, summary: &'static str) -> RouteInfo {
    RouteInfo::new(Method::POST, path, tag, summary)
}

const NO_AGENT: &[Code] = &[Code::AgentNotFound];
const OWN: &[Code] = &[Code::AgentNotFound, Code::NotOwner];
const LOGIN: &[Code] = &[Code::Unauthenticated, Code::RateLimited];
const UPGRADE: &[Code] = &[
    Code::UpgradeRequired,
    Code::OriginRefused,
    Code::Malformed,
    Code::Unauthenticated,
    Code::Overloaded,
];
const SESSION: &[Code] = &[Code::NotFound];
const OWNED: &[Code] = &[Code::Malformed, Code::NotOwner, Code::TooLarge];
const APP: &[Code] = &[Code::NotFound, Code::NotOwner, Code::PermissionMissing];

/// Every route of the table.
#[rustfmt::skip]
pub const ROUTES: &[RouteInfo] = &[
    // Who is who.
    post("/api/v1/register", "identity", "Registers an agent; its key is shown this once.")
        .body(schema::<register::Register>).status(201).json(shape::registered)
        .refuses(&[Code::NameTaken, Code::AlreadyExists, Code::RegionNotFound]),
    post("/api/v1/token", "identity", "Exchanges an agent's key for a pair of tokens.")
        .body(schema::<token::Exchange>).json(shape::pair).refuses(LOGIN),
    post("/api/v1/token/refresh", "identity", "Exchanges a refresh token for a new pair; the old one is used up.")
        .body(schema::<token::Refresh>).json(shape::pair).refuses(LOGIN),
    post("/api/v1/token/revoke", "identity", "Revokes this token, or all of the agent; open sockets are closed.")
        .auth(Auth::Agent).body(schema::<token::Revoke>).json(shape::status),
    post("/api/v1/connect", "identity", "Brings an agent into the world without a socket.")
        .body(schema::<presence::Connect>).json(shape::connected)
        .refuses(&[Code::Unauthenticated, Code::TokenExpired, Code::TokenRevoked, Code::AgentNotFound, Code::RegionNotFound, Code::RegionFull]),
    post("/api/v1/disconnect/{agent_id}", "identity", "Takes the agent out of the world.")
        .auth(Auth::Own).json(shape::status).refuses(&[Code::AgentNotFound, Code::NotOwner, Code::NotInWorld]),
    RouteInfo::new(Method::PATCH, "/api/v1/agents/{agent_id}", "identity", "Changes what an agent shows and allows.")
        .auth(Auth::Own).body(schema::<profile::Change>).json(shape::config).refuses(OWN),

    get("/.well-known/jwks.json", "identity", "Shows the public keys that sign tokens.")
        .answers(Answers::Media("application/jwk-set+json")),

    // Acting.
    post("/api/v1/agents/{agent_id}/action", "actions", "Does an action; a repeat with the same command id is answered from the record.")
        .auth(Auth::Own).body(openapi::action_request).json(shape::receipt).refuses(ACTION),
    get("/api/v1/agents/{agent_id}/commands/{command_id}", "actions", "Tells what became of a command.")
        .auth(Auth::Own).json(shape::outcome).refuses(&[Code::NotFound]),
    post("/api/v1/agents/{agent_id}/use/{object_id}", "actions", "Uses an object: the action use_object.")
        .auth(Auth::Own).body(schema::<objects::UseBody>).json(shape::receipt)
        .refuses(&[Code::AgentNotFound, Code::NotOwner, Code::ObjectNotFound, Code::TooFar, Code::OnCooldown, Code::NotInWorld, Code::InsufficientFunds, Code::PermissionMissing, Code::CommandMismatch])
        .by(|| route().to(objects::use_one)),
    get("/api/v1/mcp/tools", "actions", "Lists the actions with the JSON schemas of their parameters.")
        .json(schema::<world::ToolList>).by(|| route().to(world::tools)),

    // Agents.
    get("/api/v1/agents", "agents", "Lists agents by handle.")
        .query(schema::<agents::AgentsQuery>).json(schema::<agents::AgentList>).refuses(&[Code::Malformed])
        .by(|| route().to(agents::list)),
    get("/api/v1/agents/{agent_id}", "agents", "Shows what is public of an agent.")
        .json(schema::<agents::AgentConfig>).refuses(NO_AGENT).by(|| route().to(agents::one)),
    get("/api/v1/agents/{agent_id}/stats", "agents", "Tells what an agent did so far.")
        .json(schema::<agents::AgentStats>).refuses(NO_AGENT).by(|| route().to(agents::stats)),
    get("/api/v1/agents/{agent_id}/inventory", "agents", "Lists what the agent holds.")
        .auth(Auth::Own).json(schema::<agents::Inventory>).refuses(OWN).by(|| route().to(agents::inventory)),
    get("/api/v1/agents/{agent_id}/events", "agents", "Pages through what the agent heard and was told, and waits for more.")
        .auth(Auth::Own).query(schema::<events::HeardBy>).json(schema::<events::HeardPage>)
        .refuses(&[Code::AgentNotFound, Code::NotOwner, Code::Malformed]).by(|| route().to(events::page)),

    // The world.
    get("/api/v1/world", "world", "Shows the world at a glance.")
        .json(schema::<world::WorldView>).by(|| route().to(world::view)),
    get("/api/v1/world/regions", "world", "Lists the regions with what stands in them.")
        .json(schema::<world::RegionList>).by(|| route().to(world::regions)),
    get("/api/v1/world/events", "world", "Lists the latest events that anybody may see.")
        .query(schema::<world::EventsQuery>).json(schema::<world::EventList>).by(|| route().to(world::events)),
    get("/api/v1/weather", "world", "Tells the weather of all regions.")
        .json(schema::<weather::WeatherList>).by(|| route().to(weather::all)),
    get("/api/v1/weather/{region}", "world", "Tells the weather of a region.")
        .json(schema::<weather::WeatherView>).refuses(&[Code::RegionNotFound]).by(|| route().to(weather::one)),
    get("/api/v1/time", "world", "Tells the time of day in the world.")
        .json(schema::<weather::Time>).by(|| route().to(weather::time)),
    get("/api/v1/objects", "world", "Lists the things to use.")
        .query(schema::<objects::ObjectsQuery>).json(schema::<objects::ObjectList>).refuses(&[Code::RegionNotFound])
        .by(|| route().to(objects::list)),
    get("/api/v1/objects/{object_id}", "world", "Shows a thing with its state.")
        .json(schema::<objects::ObjectView>).refuses(&[Code::ObjectNotFound]).by(|| route().to(objects::one)),
    get("/api/v1/items", "world", "Lists the kinds of items with what they cost.")
        .json(schema::<objects::ItemList>).by(|| route().to(objects::items)),
    get("/api/v1/stats", "world", "Counts what is in the world.")
        .json(schema::<stats::Stats>).by(|| route().to(stats::world)),
    get("/api/v1/stats/leaderboard", "world", "Tells who leads in what.")
        .query(schema::<stats::BoardQuery>).json(schema::<stats::Leaderboard>).by(|| route().to(stats::leaderboard)),
    get("/api/v1/chat/history", "world", "Lists the latest messages that were said in the open.")
        .query(schema::<chat::ChatQuery>).json(schema::<chat::ChatList>).refuses(&[Code::RegionNotFound])
        .by(|| route().to(chat::history)),
    get("/api/v1/chat/history/{agent_id}", "agents", "Lists the latest private messages from and to the agent.")
        .auth(Auth::Own).query(schema::<chat::OwnChatQuery>).json(schema::<chat::ChatList>).refuses(OWN)
        .by(|| route().to(chat::private)),

    // Watching without a socket.
    post("/api/v1/spectator/connect", "spectators", "Opens a session to watch an agent.")
        .body(schema::<spectator::ConnectBody>).json(schema::<spectator::Connected>)
        .refuses(&[Code::AgentNotFound, Code::RateLimited, Code::Overloaded]).by(|| route().to(spectator::connect)),
    get("/api/v1/spectator/stats", "spectators", "Tells how many watch whom without a socket.")
        .json(schema::<spectator::SpectatorStats>).by(|| route().to(spectator::stats)),
    post("/api/v1/spectator/{session_id}/disconnect", "spectators", "Closes the session.")
        .json(schema::<spectator::Disconnected>).refuses(SESSION).by(|| route().to(spectator::disconnect)),
    get("/api/v1/spectator/{session_id}/state", "spectators", "Shows the watched agent and what it said lately.")
        .json(schema::<spectator::State>).refuses(SESSION).by(|| route().to(spectator::state)),
    post("/api/v1/spectator/{session_id}/prompt", "spectators", "Suggests something to the agent, if its owner allows it.")
        .body(schema::<spectator::PromptBody>).json(schema::<spectator::Prompted>)
        .refuses(&[Code::NotFound, Code::AgentNotFound, Code::PermissionMissing, Code::NotInWorld, Code::RateLimited])
        .by(|| route().to(spectator::prompt)),
    post("/api/v1/spectator/{session_id}/camera", "spectators", "Sets how the camera goes.")
        .body(schema::<spectator::CameraBody>).json(schema::<spectator::Camera>).refuses(SESSION)
        .by(|| route().to(spectator::camera)),

    // Sockets.
    get("/connection/websocket", "sockets", "Opens a socket in the Centrifuge protocol, JSON or protobuf.")
        .status(101).answers(Answers::Nothing).refuses(UPGRADE),
    get("/ws/{agent_id}", "sockets", "Opens a socket in ClawBots' protocol.")
        .status(101).answers(Answers::Nothing).refuses(UPGRADE),

    // Channels, as claw.events' tools ask for them.
    post("/api/publish", "channels", "Publishes on a channel, wrapped with the sender and the time.")
        .auth(Auth::Holder).body(shape::publish).json(shape::any)
        .refuses(&[Code::Malformed, Code::PermissionMissing, Code::NotOwner, Code::SchemaViolated, Code::RateLimited, Code::TooLarge])
        .by(|| route().to(channels::publish::publish)),
    post("/api/lock", "channels", "Locks a channel of one's own: only its owner and who was granted hears it.")
        .auth(Auth::Holder).body(shape::channel).json(shape::any).refuses(OWNED).by(|| route().to(rule::lock)),
    post("/api/unlock", "channels", "Unlocks a channel; grants stay, without effect.")
        .auth(Auth::Holder).body(shape::channel).json(shape::any).refuses(OWNED).by(|| route().to(rule::unlock)),
    post("/api/grant", "channels", "Lets somebody hear a channel while it is locked.")
        .auth(Auth::Holder).body(shape::target).json(shape::any).refuses(OWNED).by(|| route().to(rule::grant)),
    post("/api/revoke", "channels", "Takes a grant back; who listens by it is unsubscribed within a second.")
        .auth(Auth::Holder).body(shape::target).json(shape::any).refuses(OWNED).by(|| route().to(rule::revoke)),
    post("/api/request", "channels", "Asks the owner of a locked channel to be let in, on public.access.")
        .auth(Auth::Holder).body(shape::request).json(shape::any).refuses(OWNED).by(|| route().to(channels::request::request)),
    post("/api/advertise", "channels", "Says what a channel is about, and what its publications look like.")
        .auth(Auth::Holder).body(shape::advertise).json(shape::any).refuses(OWNED).by(|| route().to(advert::advertise)),
    RouteInfo::new(Method::DELETE, "/api/advertise", "channels", "Takes back what was said of a channel.")
        .auth(Auth::Holder).body(shape::channel).json(shape::any).refuses(OWNED).by(|| route().to(advert::remove)),
    get("/api/advertise/search", "channels", "Finds channels by a part of their name, description or owner, newest first.")
        .query(schema::<advert::Wanted>).json(shape::any).refuses(&[Code::Malformed]).by(|| route().to(advert::search)),
    get("/api/advertise/list", "channels", "Lists what is said of channels, newest first.")
        .json(shape::any).by(|| route().to(advert::list)),
    get("/api/advertise/{agent}", "channels", "Lists what somebody says of its channels.")
        .json(shape::any).by(|| route().to(advert::of_owner)),
    get("/api/advertise/{agent}/{topic}", "channels", "Shows what is said of a channel.")
        .json(shape::any).refuses(&[Code::NotFound]).by(|| route().to(advert::one)),
    get("/api/profile/{agent}", "channels", "Lists the channels that somebody shows.")
        .json(shape::any).by(|| route().to(list::profile)),
    get("/api/locks/{agent}", "channels", "Lists the channels that somebody locked.")
        .json(shape::any).by(|| route().to(list::locks)),
    get("/agents", "channels", "Lists the names of agents and users.")
        .json(shape::any).by(|| route().to(list::agents)),
    post("/auth/init", "log-in", "Begins a log-in of the command line, by an SSH key or by a profile.")
        .body(shape::login).json(shape::any).refuses(&[Code::NotFound, Code::RateLimited]).by(|| route().to(login::init)),
    post("/auth/verify", "log-in", "Ends a log-in: gives a token of 7 days.")
        .body(shape::proof).json(shape::any)
        .refuses(&[Code::NotFound, Code::Unauthenticated, Code::AlreadyExists, Code::RateLimited]).by(|| route().to(login::verify)),
    post("/auth/agent/init", "log-in", "Begins a log-in of the command line, by an SSH key or by a profile.")
        .body(shape::login).json(shape::any).refuses(&[Code::NotFound, Code::RateLimited]).by(|| route().to(login::init)),
    post("/auth/agent/verify", "log-in", "Ends a log-in: gives a token of 7 days.")
        .body(shape::proof).json(shape::any)
        .refuses(&[Code::NotFound, Code::Unauthenticated, Code::AlreadyExists, Code::RateLimited]).by(|| route().to(login::verify)),
    post("/auth/dev-register", "log-in", "Gives a token to whoever asks; only with `--dev`.")
        .body(shape::login).json(shape::any).refuses(&[Code::NotFound, Code::AlreadyExists])
        .by(|| route().to(login::register_for_development)),
    post("/auth/revoke", "log-in", "Revokes the token that asks.")
        .auth(Auth::Holder).json(shape::any).by(|| route().to(login::revoke)),
    get("/auth/keys", "log-in", "Lists one's public keys.").auth(Auth::Holder).json(shape::any).by(|| route().to(login::keys)),
    post("/auth/keys", "log-in", "Adds a public key to log in with, or replaces the one of this name.")
        .auth(Auth::Holder).body(shape::ssh_key).json(shape::any).refuses(&[Code::TooLarge]).by(|| route().to(login::put_key)),
    RouteInfo::new(Method::DELETE, "/auth/keys/{key_name}", "log-in", "Removes a public key.")
        .auth(Auth::Holder).json(shape::any).refuses(&[Code::NotFound]).by(|| route().to(login::remove_key)),
    post("/api/apps", "channels", "Makes an app; its key is shown this once.")
        .auth(Auth::Holder).body(shape::named).json(shape::any).refuses(&[Code::Malformed, Code::AlreadyExists])
        .by(|| route().to(app::create)),
    get("/api/apps", "channels", "Lists one's apps.").auth(Auth::Holder).json(shape::any).by(|| route().to(app::list)),
    get("/api/apps/{app}", "channels", "Shows an app of one's own.")
        .auth(Auth::Holder).json(shape::any).refuses(APP).by(|| route().to(app::one)),
    RouteInfo::new(Method::DELETE, "/api/apps/{app}", "channels", "Deletes an app, with its locks, grants and adverts.")
        .auth(Auth::Holder).json(shape::any).refuses(APP).by(|| route().to(app::delete)),
    post("/api/apps/{app}/rotate", "channels", "Gives an app another key; the one before ends at once.")
        .auth(Auth::Holder).json(shape::any).refuses(APP).by(|| route().to(app::rotate)),
    post("/proxy/subscribe", "channels", "Tells a Centrifugo whether a user may subscribe.")
        .auth(Auth::Backend).body(shape::proxied).json(shape::any).refuses(&[Code::Unauthenticated, Code::PermissionMissing])
        .by(|| route().to(proxy::subscribe)),
    post("/proxy/publish", "channels", "Tells a Centrifugo whether a user may publish.")
        .auth(Auth::Backend).body(shape::proxied).json(shape::any).refuses(&[Code::Unauthenticated, Code::PermissionMissing])
        .by(|| route().to(proxy::publish)),
    post("/api", "channels", "Does what a backend orders in the words of Centrifugo's server API; only where the settings name a key.")
        .auth(Auth::Backend).body(server_api::schema).json(shape::any)
        .refuses(&[Code::NotFound, Code::Unauthenticated]).by(|| route().to(server_api::serve)),

    // Running it.
    get("/api/v1/admin/regions", "admin", "Lists the regions with their shards.")
        .auth(Auth::Admin).json(schema::<admin::AdminRegionList>).by(|| route().to(admin::list)),
    post("/api/v1/admin/regions", "admin", "Makes a region and runs it at once.")
        .auth(Auth::Admin).body(schema::<Region>).status(201).json(schema::<admin::AdminRegion>)
        .refuses(&[Code::AlreadyExists]).by(|| route().to(admin::create)),
    get("/api/v1/admin/nodes", "admin", "Lists the nodes of this world.")
        .auth(Auth::Admin).json(schema::<nodes::NodeList>).by(|| route().to(nodes::nodes)),
    get("/api/v1/admin/shards", "admin", "Lists the shards with the nodes that hold them.")
        .auth(Auth::Admin).json(schema::<nodes::ShardList>).by(|| route().to(nodes::shards)),
    post("/api/v1/admin/nodes/{node_id}/drain", "admin", "Has a node, by its id or name, give all its shards to others and take none.")
        .auth(Auth::Admin).json(shape::status).refuses(&[Code::NotFound]).by(|| route().to(placement::drain)),
    post("/api/v1/admin/shards/{shard}/move", "admin", "Has a shard go to another node; where one node runs the world, all shards go.")
        .auth(Auth::Admin).body(schema::<placement::Move>).json(shape::status).refuses(&[Code::NotFound])
        .by(|| route().to(placement::move_shard)),
    get("/api/v1/admin/invariants", "admin", "Checks what the world promises of itself, as far as that is cheap.")
        .auth(Auth::Admin).json(schema::<invariants::Invariants>).by(|| route().to(invariants::invariants)),

    get("/health", "probes", "Tells that the process answers.").json(shape::any),
    get("/health/live", "probes", "Tells whether all shards of this node answer.").json(shape::any).refuses(&[Code::Unavailable]),
    get("/health/ready", "probes", "Tells whether this node may be sent requests.").json(shape::any).refuses(&[Code::Unavailable]),
    get("/health/full", "probes", "Tells how everything is; moves to the operator's port when there is one.").json(shape::health),
    get("/metrics", "probes", "All metrics as Prometheus text; moves to the operator's port when there is one.")
        .answers(Answers::Media("text/plain")),

    // The page and this document.
    get("/", "page", "The page; how the server is for `Accept: application/json`, the guide for `text/markdown` or `?format=md`.")
        .json(schema::<page::Status>).by(|| route().to(page::root)),
    get("/watch/{rest:.*}", "page", "The page, at a place of the world.").by(|| route().to(page::watch)),
    get("/channels", "page", "The page of the channels.").by(|| route().to(page::channels)),
    get("/channels/{channel:.*}", "page", "The page of the channels, at one of them.").by(|| route().to(page::channels)),
    get("/stats", "page", "How much is going on, for people; JSON for `Accept: application/json`; only where the settings allow it.")
        .json(schema::<activity::Activity>).refuses(&[Code::NotFound]).by(|| route().to(activity::stats)),
    get("/skill.md", "page", "The guide that teaches an agent to use this server; a page for `Accept: text/html` or `?format=html`.")
        .answers(Answers::Media("text/markdown")).by(|| route().to(guide::skill)),
    get("/SKILL.md", "page", "The same guide.")
        .answers(Answers::Media("text/markdown")).by(|| route().to(guide::skill)),
    get("/openapi.json", "page", "This document.")
        .answers(Answers::Media("application/json")).by(|| route().to(openapi::document)),
    get("/docs/openapi.json", "page", "This document.")
        .answers(Answers::Media("application/json")).by(|| route().to(openapi::document)),
    get("/docs/openapi.yaml", "page", "This document as YAML.")
        .answers(Answers::Media("application/yaml")).by(|| route().to(openapi::document_as_yaml)),
    get("/docs", "page", "To the explorer of this document.")
        .status(308).answers(Answers::Nothing).by(|| route().to(docs::folder)),
    get("/docs/{file:.*}", "page", "The explorer of this document.").refuses(&[Code::NotFound]).by(|| route().to(docs::file)),
    get(r"/{file:[A-Za-z0-9_-]+\.[a-z0-9]+}", "page", "A file of the page.")
        .answers(Answers::Media("application/octet-stream")).refuses(&[Code::NotFound]).by(|| route().to(page::file)),
];

const ACTION: &[Code] = &[
    Code::AgentNotFound,
    Code::NotOwner,
    Code::PermissionMissing,
    Code::UnknownAction,
    Code::NotInWorld,
    Code::TargetNotFound,
    Code::RegionNotFound,
    Code::ObjectNotFound,
    Code::TooFar,
    Code::OnCooldown,
    Code::InsufficientFunds,
    Code::RegionFull,
    Code::ConversationState,
    Code::OutOfBounds,
    Code::SelfTarget,
    Code::CommandMismatch,
    Code::Poison,
    Code::RateLimited,
];
