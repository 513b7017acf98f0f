//! The handshake: its answer carries what takes the connection over.

use super::{Counted, Pipe, Reader, Worker};
use crate::actors::outbox::SharedOutbox;
use crate::host::clock::Clock;
use crate::wire::Encoding;
use actix_rt::net::TcpStream;
use actix_web::http::header;
use actix_web::{Error, HttpRequest, HttpResponse};
use bytes::BytesMut;
use std::rc::Rc;
use tokio::sync::oneshot;

/// Which protocol a Centrifuge client asks for.
pub fn encoding_of(request: &HttpRequest) -> Encoding {
    let asks_by_protocol = request
        .headers()
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim() == "centrifuge-protobuf");
    let asks_by_query = request
        .query_string()
        .split('&')
        .any(|pair| pair == "format=protobuf" || pair == "cf_protocol=protobuf");
    if asks_by_protocol || asks_by_query {
        Encoding::Protobuf
    } else {
        Encoding::Json
    }
}

/// Whether a request wants to become a WebSocket.
pub fn is_upgrade(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// A connection whose handshake was answered.
pub(super) struct Taken {
    /// The socket.
    pub stream: TcpStream,
    /// What came after the handshake already.
    pub bytes: BytesMut,
    /// Counts the connection.
    pub counted: Option<Rc<Counted>>,
    /// Dropped when the connection is over.
    pub over: oneshot::Sender<()>,
}

/// What takes a connection over; goes with the answer to the handshake.
pub(super) struct Takeover(pub Box<dyn FnOnce(Taken)>);

/// Answers the handshake. Once the answer is written, `begin` gets the connection.
/// Errors: a handshake that is not one.
pub fn accept(
    request: &HttpRequest,
    outbox: SharedOutbox,
    worker: &Rc<Worker>,
    clock: Clock,
    begin: impl FnOnce(Rc<Pipe>, Reader) + 'static,
) -> Result<HttpResponse, Error> {
    let protocols = ["centrifuge-protobuf", "centrifuge-json"];
    let mut response = actix_web_actors::ws::handshake_with_protocols(request, &protocols)?.finish();
    let flusher = Rc::clone(&worker.flusher);
    let takeover = Takeover(Box::new(move |taken| {
        let bytes = taken.bytes;
        let guards = (taken.counted, taken.over);
        let pipe = Pipe::open(taken.stream, outbox, flusher, guards);
        begin(Rc::clone(&pipe), Reader::new(pipe, bytes, clock));
    }));
    response.extensions_mut().insert(takeover);
    Ok(response)
}
