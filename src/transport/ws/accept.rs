//! The handshake: its answer carries what takes the connection over.

use super::berth::{Arrival, Begin, Berth};
use super::{Counted, Pipe, Reader, Worker};
use crate::actors::outbox::{Outbox, SharedOutbox};
use crate::actors::publication::Dialect;
use crate::host::clock::Clock;
use crate::wire::Encoding;
use actix_web::http::header;
use actix_web::{Error, HttpRequest, HttpResponse};
use bytes::BytesMut;
use std::cell::RefCell;
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;

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
    /// The socket, known to no runtime.
    pub stream: TcpStream,
    /// What came after the handshake already.
    pub bytes: BytesMut,
    /// Counts the connection.
    pub counted: Option<Arc<Counted>>,
}

/// Takes a connection over; goes with the answer to the handshake.
pub(super) struct Takeover {
    berth: Berth,
    begin: Begin,
}

impl Takeover {
    /// Brings a connection to its thread.
    pub async fn run(self, taken: Taken) {
        let begin = self.begin;
        self.berth.take(Arrival { taken, begin }).await;
    }
}

/// A connection on its thread, and what it is for its session.
pub struct Opening {
    /// The thread's part of the transports.
    pub worker: Rc<Worker>,
    /// What is to be written.
    pub outbox: SharedOutbox,
    /// The socket.
    pub pipe: Rc<Pipe>,
}

/// Answers the handshake. Once the answer is written, the connection goes to a shard thread, where `begin` gets it.
/// Errors: a handshake that is not one.
pub fn accept(
    request: &HttpRequest,
    dialect: Dialect,
    berth: &Berth,
    clock: Clock,
    begin: impl FnOnce(Opening, Reader) + Send + 'static,
) -> Result<HttpResponse, Error> {
    let protocols = ["centrifuge-protobuf", "centrifuge-json"];
    let mut response = actix_web_actors::ws::handshake_with_protocols(request, &protocols)?.finish();
    let berth = berth.clone();
    let begin = Box::new(move |taken: Taken, worker: &Rc<Worker>| {
        let outbox: SharedOutbox = Rc::new(RefCell::new(Outbox::new(dialect)));
        let worker = Rc::clone(worker);
        // A connection that no runtime takes is dropped.
        let opened = Pipe::open(
            taken.stream,
            Rc::clone(&outbox),
            Rc::clone(&worker.flusher),
            taken.counted,
        );
        if let Ok(pipe) = opened {
            let reader = Reader::new(Rc::clone(&pipe), Rc::clone(&worker.inbound), taken.bytes, clock);
            begin(Opening { worker, outbox, pipe }, reader);
        }
    });
    response.extensions_mut().insert(Takeover { berth, begin });
    Ok(response)
}
