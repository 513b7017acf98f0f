//! What every request passes through, from outside to inside: its span and id, the finish, CORS.

mod cors;
mod finish;
mod span;

use crate::config::Config;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, Error, middleware};
use tracing_actix_web::TracingLogger;

/// Puts everything around an application that each request passes through.
pub fn wrap<T, B>(
    app: App<T>,
    config: &Config,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<T, B>>,
        Error = Error,
        InitError = (),
    > + use<T, B>,
>
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    app.wrap(middleware::from_fn(super::load::shed))
        .wrap(cors::cors(&config.server.cors_origins))
        .wrap(middleware::from_fn(finish::finish))
        .wrap(TracingLogger::<span::Spans>::new())
}
