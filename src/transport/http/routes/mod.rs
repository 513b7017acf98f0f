//! The route table: the only place that knows all HTTP routes. The router and `/openapi.json` are made from it.

mod shape;
mod table;

pub use table::ROUTES;

use crate::domain::refusal::Code;
use actix_web::http::Method;
use actix_web::{Route, web};
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Gives the schema of a type, with its parts in the document's components.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// Gives the schema of `T`.
pub fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Anybody.
    Nobody,
    /// Any agent.
    Agent,
    /// Whoever has a token: an agent, a user of the command line, an app by its key.
    Holder,
    /// The agent that the path names.
    Own,
    /// An administrator.
    Admin,
    /// The operator's own backend, by the key of the server API.
    Backend,
}

/// What a route answers when all went well.
#[derive(Clone, Copy)]
pub enum Answers {
    /// JSON of a schema.
    Json(SchemaOf),
    /// Something else, by its media type.
    Media(&'static str),
    /// No body: a redirection, or another protocol.
    Nothing,
}

/// A row of the table.
pub struct RouteInfo {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: Method,
    /// As actix writes it: `{name}`, or `{name:pattern}`.
    pub path: &'static str,
    /// The chapter of the document that it stands in.
    pub tag: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Who may call it.
    pub auth: Auth,
    /// Its query.
    pub query: Option<SchemaOf>,
    /// Its body.
    pub body: Option<SchemaOf>,
    /// The status when all went well.
    pub status: u16,
    /// The answer then.
    pub answers: Answers,
    /// Why it may refuse, beside what every route may say.
    pub refusals: &'static [Code],
    /// Who answers. None: another module adds the route to the router itself.
    pub handler: Option<fn() -> Route>,
}

impl RouteInfo {
    const fn new(method: Method, path: &'static str, tag: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            tag,
            summary,
            auth: Auth::Nobody,
            query: None,
            body: None,
            status: 200,
            answers: Answers::Media("text/html"),
            refusals: &[],
            handler: None,
        }
    }

    const fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    const fn query(mut self, query: SchemaOf) -> Self {
        self.query = Some(query);
        self
    }

    const fn body(mut self, body: SchemaOf) -> Self {
        self.body = Some(body);
        self
    }

    const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    const fn json(mut self, answer: SchemaOf) -> Self {
        self.answers = Answers::Json(answer);
        self
    }

    const fn answers(mut self, answers: Answers) -> Self {
        self.answers = answers;
        self
    }

    const fn refuses(mut self, refusals: &'static [Code]) -> Self {
        self.refusals = refusals;
        self
    }

    const fn by(mut self, handler: fn() -> Route) -> Self {
        self.handler = Some(handler);
        self
    }

    /// The path as OpenAPI writes it, without patterns.
    pub fn plain_path(&self) -> String {
        let part = |part: &str| match part.strip_prefix('{').and_then(|rest| rest.split_once(':')) {
            Some((name, _)) => format!("{{{name}}}"),
            None => part.to_owned(),
        };
        self.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// Names of the path's parameters, in order.
    pub fn path_parameters(&self) -> Vec<String> {
        let plain = self.plain_path();
        let name = |part: &str| part.strip_prefix('{')?.strip_suffix('}').map(str::to_owned);
        plain.split('/').filter_map(name).collect()
    }
}

/// Adds the routes of the table that have a handler to the router. A `GET` answers `HEAD` too.
pub fn configure(cfg: &mut web::ServiceConfig) {
    let served: Vec<_> = ROUTES
        .iter()
        .filter_map(|row| Some((row, row.handler?)))
        .collect();
    let mut done: Vec<&str> = Vec::new();
    for (row, _) in &served {
        if done.contains(&row.path) {
            continue;
        }
        done.push(row.path);
        let mut resource = web::resource(row.path);
        for (same, handler) in served.iter().filter(|(other, _)| other.path == row.path) {
            resource = resource.route(handler().method(same.method.clone()));
            if same.method == Method::GET {
                resource = resource.route(handler().method(Method::HEAD));
            }
        }
        cfg.service(resource);
    }
}

#[cfg(test)]
mod tests;
