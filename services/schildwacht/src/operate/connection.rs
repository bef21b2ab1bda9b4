//! A gRPC connection with the operator's token on every call.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use runtime::Clock;
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;

use crate::{access, cli::Access, send::Tokens};

const PATIENCE: Duration = Duration::from_secs(10);

/// What clients are made of.
pub type Connection = InterceptedService<Channel, Bearer>;

/// Adds the token.
#[derive(Debug, Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// Connects to a running system as its operator.
pub async fn connect(access: &Access) -> Result<Connection> {
    let tokens = Tokens::new(access::of_operator(access)?, Clock::system())?;
    let token = tokens.get().await?;
    let bearer = Bearer(format!("Bearer {token}").parse().context("the issuer's token cannot be sent")?);
    let endpoint = Endpoint::from_shared(access.at.to_string()).with_context(|| format!("{} is no address", access.at))?;
    let channel =
        endpoint.connect_timeout(PATIENCE).connect().await.with_context(|| format!("nothing answers at {}; is it running?", access.at))?;
    Ok(InterceptedService::new(channel, bearer))
}

/// A refusal as one line: what is wrong, which fields, what to do.
pub fn refused(status: Status) -> anyhow::Error {
    let mut line = match status.code() {
        Code::Unavailable => format!("the system cannot do this now: {}", status.message()),
        Code::PermissionDenied | Code::Unauthenticated => format!("this is not allowed: {}", status.message()),
        _ => status.message().to_owned(),
    };
    if let Some(violations) = status.get_details_bad_request() {
        for violation in violations.field_violations {
            line.push_str(&format!("; {}: {}", violation.field, violation.description));
        }
    }
    anyhow!(line)
}
