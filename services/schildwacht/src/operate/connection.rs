//! A gRPC connection with the operator's token on every call.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use auth::MachineTokens;
use runtime::config::is_loopback;
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, ClientTlsConfig, Endpoint},
};
use tonic_types::StatusExt as _;
use url::Url;

use crate::{access, cli::Access, serve::discovery};

const PATIENCE: Duration = Duration::from_secs(10);

/// The channel that gRPC clients use.
pub type Connection = InterceptedService<Channel, Bearer>;

/// Adds the bearer token to each call.
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
    Ok(connect_and_tell(access).await?.0)
}

/// The same, with the token URL for this system's sensors.
pub async fn connect_and_tell(access: &Access) -> Result<(Connection, Url)> {
    let tokens = MachineTokens::new(access::of_operator(access)?, PATIENCE)?;
    let token = tokens.get().await?;
    let bearer = Bearer(format!("Bearer {token}").parse().context("the issuer's token cannot be sent")?);
    let at = grpc_at(&access.system.at).await?;
    Ok((InterceptedService::new(channel(&at).await?, bearer), tokens.endpoint().await?))
}

/// Where gRPC is, as the pages' port tells; else where we were told to look. The operator's token goes there, so another machine than the pages'
/// has to be named by the operator.
async fn grpc_at(at: &Url) -> Result<Url> {
    let ask = async {
        let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build().ok()?;
        let answer = client.get(at.join(discovery::PATH).ok()?).send().await.ok()?.error_for_status().ok()?;
        Url::parse(&answer.json::<discovery::Addresses>().await.ok()?.grpc).ok()
    };
    let Some(told) = ask.await else { return Ok(at.clone()) };
    let is_the_same_machine = told.host() == at.host() || (is_loopback(&told) && is_loopback(at));
    let keeps_tls = at.scheme() != "https" || told.scheme() == "https";
    if is_the_same_machine && keeps_tls {
        return Ok(told);
    }
    bail!(
        "the pages at {at} say that gRPC is at {told}, which is another machine or not encrypted; if that is right, give --at {told} and --issuer"
    )
}

/// Over TLS where the address says https: the token goes along with every call.
async fn channel(at: &Url) -> Result<Channel> {
    let endpoint = Endpoint::from_shared(at.to_string()).with_context(|| format!("{at} is no address"))?.connect_timeout(PATIENCE);
    if at.scheme() != "https" {
        return endpoint.connect().await.with_context(|| format!("nothing answers at {at}; is it running?"));
    }
    let tls = ClientTlsConfig::new().with_native_roots().timeout(PATIENCE);
    let endpoint = endpoint.tls_config(tls).context("this machine trusts no certificates; name a file of them in SSL_CERT_FILE")?;
    let advice = "is it running, and does this machine (SSL_CERT_FILE) trust its certificate?";
    endpoint.connect().await.with_context(|| format!("no encrypted connection to {at}; {advice}"))
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use testkit::Running;
    use tokio::{io::AsyncReadExt as _, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn grpc_is_where_the_pages_say_or_where_we_were_told() {
        runtime::install_tls_provider();
        let told = "http://127.0.0.1:50051/";
        let telling = Running::start(discovery::router(told)).await;
        let at = |server: &Running| Url::parse(&format!("http://{}", server.address())).unwrap();
        assert_eq!(grpc_at(&at(&telling)).await.unwrap().as_str(), told);
        let silent = Running::start(discovery::router("")).await;
        assert_eq!(grpc_at(&at(&silent)).await.unwrap(), at(&silent));
        let nonsense = Running::start(axum::Router::new().route(discovery::PATH, axum::routing::get(|| async { "<html>" }))).await;
        assert_eq!(grpc_at(&at(&nonsense)).await.unwrap(), at(&nonsense));
        let nobody = Url::parse(&format!("http://127.0.0.1:{}", testkit::free_port())).unwrap();
        assert_eq!(grpc_at(&nobody).await.unwrap(), nobody);
        let elsewhere = Running::start(discovery::router("https://evil.example/")).await;
        let refused = grpc_at(&at(&elsewhere)).await.unwrap_err().to_string();
        assert!(refused.contains("evil.example") && refused.contains("--at"), "the token would go there: {refused}");
    }

    #[tokio::test]
    async fn an_https_address_is_never_spoken_to_in_plain_text() {
        runtime::install_tls_provider();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = Url::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
        let first_byte = async {
            let (mut caller, _) = listener.accept().await.unwrap();
            caller.read_u8().await.unwrap()
        };
        let (connected, heard) = tokio::join!(channel(&at), tokio::time::timeout(Duration::from_secs(20), first_byte));
        assert!(connected.unwrap_err().to_string().contains("no encrypted connection"));
        const TLS_HANDSHAKE: u8 = 0x16;
        assert_eq!(heard.unwrap(), TLS_HANDSHAKE);
    }
}
