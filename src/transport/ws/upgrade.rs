//! How a connection leaves the HTTP server: the application answers the handshake like any request; then the socket is ours.

use super::Counted;
use super::accept::{Taken, Takeover};
use actix_codec::Framed;
use actix_http::body::{BodySize, MessageBody};
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Request, Response};
use actix_rt::net::TcpStream;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, apply_fn_factory};
use actix_web::Error;
use futures_util::SinkExt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

/// A request to upgrade, and its connection.
type Upgrading = (Request, Framed<TcpStream, Codec>);

/// Answers requests to upgrade by an application. Where it agrees, the socket is taken over, and the HTTP server is done with it.
/// Errors: the answer could not be written.
pub fn upgrade<I, F, B>(
    app: I,
) -> impl ServiceFactory<Upgrading, Config = F::Config, Response = (), Error = Error, InitError = F::InitError>
where
    I: IntoServiceFactory<F, Request>,
    F: ServiceFactory<Request, Error = Error>,
    F::Response: Into<Response<B>>,
    B: MessageBody,
{
    apply_fn_factory(app, |(request, connection): Upgrading, app: &F::Service| {
        let counted = request.conn_data::<Arc<Counted>>().cloned();
        let answer = app.call(request);
        async move { run(answer.await?.into(), connection, counted).await }
    })
}

async fn run<B: MessageBody>(
    mut answer: Response<B>,
    mut connection: Framed<TcpStream, Codec>,
    counted: Option<Arc<Counted>>,
) -> Result<(), Error> {
    let takeover = answer.extensions_mut().remove::<Takeover>();
    let Some(takeover) = takeover else {
        return refuse(answer, connection).await;
    };
    let (head, _) = answer.into_parts();
    connection.send(Message::Item((head, BodySize::None))).await?;
    let parts = connection.into_parts();
    let stream = parts.io.into_std()?;
    let bytes = parts.read_buf;
    takeover
        .run(Taken {
            stream,
            bytes,
            counted,
        })
        .await;
    Ok(())
}

/// Writes an answer that is none to a handshake, and closes: what follows the request may be meant for a WebSocket.
async fn refuse<B: MessageBody>(
    mut answer: Response<B>,
    mut connection: Framed<TcpStream, Codec>,
) -> Result<(), Error> {
    answer.head_mut().set_connection_type(ConnectionType::Close);
    let (head, body) = answer.into_parts();
    let size = body.size();
    connection.send(Message::Item((head, size))).await?;
    if !matches!(size, BodySize::None) {
        let mut body = pin!(body);
        while let Some(chunk) = poll_fn(|context| body.as_mut().poll_next(context)).await {
            let chunk = chunk.map_err(|error| Error::from(error.into()))?;
            connection.send(Message::Chunk(Some(chunk))).await?;
        }
        connection.send(Message::Chunk(None)).await?;
    }
    connection.close().await?;
    Ok(())
}
