//! Tokens for a program of ours by client credentials (RFC 6749, 4.4), kept until shortly before they expire.

use std::time::{Duration, Instant};

use reqwest::{StatusCode, Url, redirect::Policy};
use runtime::{config::Secret, error::chain};
use serde::Deserialize;
use tokio::sync::Mutex;

/// A token is not used in its last seconds.
const MARGIN: Duration = Duration::from_secs(10);
/// A refusal holds for so long: an issuer takes a wrong secret over and over for an attack.
const REFUSAL_HOLDS: Duration = Duration::from_secs(60);

/// A client that acts for itself.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The issuer's address.
    pub issuer: Url,
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub secret: Secret,
}

/// Gives tokens, asking for one only when needed, and once for all who wait.
#[derive(Debug)]
pub struct MachineTokens {
    http: reqwest::Client,
    credentials: ClientCredentials,
    scope: Option<&'static str>,
    last: Mutex<Last>,
}

/// What came of asking the last time.
#[derive(Debug, Default)]
struct Last {
    endpoint: Option<Url>,
    token: Option<Token>,
    failed: Option<(GrantError, Instant)>,
}

#[derive(Debug)]
struct Token {
    text: Secret,
    until: Instant,
}

/// Why there is no token.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{why}")]
pub struct GrantError {
    why: String,
    /// Asking again would not help.
    pub is_final: bool,
    /// The status of a refusal; `None` when nothing was answered that can be read.
    pub refused_with: Option<StatusCode>,
}

#[derive(Deserialize)]
struct Discovery {
    token_endpoint: Url,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// Seconds.
    #[serde(default)]
    expires_in: u64,
}

#[derive(Deserialize, Default)]
struct NotGranted {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl MachineTokens {
    /// Asks nothing yet. Each request of it ends within the time-out.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(credentials: ClientCredentials, timeout: Duration) -> Result<Self, reqwest::Error> {
        runtime::install_tls_provider();
        // A secret goes to the issuer that was named and nowhere else, and never in clear where the issuer is at https.
        let http = reqwest::Client::builder().timeout(timeout).redirect(Policy::none());
        let http = http.https_only(credentials.issuer.scheme() == "https").build()?;
        Ok(Self { http, credentials, scope: None, last: Mutex::default() })
    }

    /// The same with a token endpoint that is known, and for a scope.
    #[must_use]
    pub fn at(mut self, endpoint: Url, scope: &'static str) -> Self {
        self.last.get_mut().endpoint = Some(endpoint);
        self.scope = Some(scope);
        self
    }

    /// A token that is good for a while. Callers that waited for a failed try get its error and do not try again.
    ///
    /// # Errors
    /// When the issuer refuses, or cannot be asked now.
    pub async fn get(&self) -> Result<String, GrantError> {
        let waiting_since = Instant::now();
        let mut last = self.last.lock().await;
        let now = Instant::now();
        if let Some(token) = last.token.as_ref().filter(|token| now < token.until) {
            return Ok(token.text.expose().to_owned());
        }
        if let Some((error, at)) = &last.failed
            && (*at > waiting_since || error.is_final && now < *at + REFUSAL_HOLDS)
        {
            return Err(error.clone());
        }
        let asked = self.ask(&mut last).await;
        last.failed = asked.as_ref().err().map(|error| (error.clone(), Instant::now()));
        Ok(last.token.insert(asked?).text.expose().to_owned())
    }

    /// Where tokens are asked for.
    ///
    /// # Errors
    /// When the issuer cannot be asked now, or says nothing of it.
    pub async fn endpoint(&self) -> Result<Url, GrantError> {
        self.known_endpoint(&mut *self.last.lock().await).await
    }

    /// Forgets a token that was refused, so that the next one is new.
    pub async fn forget(&self, refused: &str) {
        self.last.lock().await.token.take_if(|token| token.text.expose() == refused);
    }

    async fn known_endpoint(&self, last: &mut Last) -> Result<Url, GrantError> {
        let endpoint = match last.endpoint.take() {
            Some(endpoint) => endpoint,
            None => self.discover().await?,
        };
        Ok(last.endpoint.insert(endpoint).clone())
    }

    async fn discover(&self) -> Result<Url, GrantError> {
        let issuer = self.credentials.issuer.as_str().trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let answer = self.http.get(&url).send().await;
        let answer = answer.map_err(|error| GrantError::away(format!("no answer from the issuer at {issuer}; is it running?"), &error))?;
        let status = answer.status();
        if !status.is_success() {
            let why = format!("there is no issuer at {issuer} ({status}); give its address with --issuer");
            return Err(GrantError::refused(status, why));
        }
        let discovery = answer.json::<Discovery>().await.map_err(|_| GrantError {
            why: format!("{url} is no discovery document"),
            is_final: true,
            refused_with: None,
        })?;
        Ok(discovery.token_endpoint)
    }

    async fn ask(&self, last: &mut Last) -> Result<Token, GrantError> {
        let ClientCredentials { client_id, secret, .. } = &self.credentials;
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(self.scope.map(|scope| ("scope", scope)));
        let request = self.http.post(self.known_endpoint(last).await?).basic_auth(client_id, Some(secret.expose())).form(&form);
        let asked = Instant::now();
        let answer = request.send().await.map_err(|error| GrantError::away("no answer from the issuer".to_owned(), &error))?;
        let status = answer.status();
        if !status.is_success() {
            let refusal: NotGranted = answer.json().await.unwrap_or_default();
            let why = format!("the issuer gives {client_id} no token: {status} {} {}", refusal.error, refusal.error_description);
            return Err(GrantError::refused(status, why));
        }
        let granted = answer.json::<Granted>().await;
        let granted = granted.map_err(|error| GrantError::away("the issuer's answer holds no token".to_owned(), &error))?;
        Ok(Token { text: Secret::new(granted.access_token), until: asked + Duration::from_secs(granted.expires_in).saturating_sub(MARGIN) })
    }
}

impl GrantError {
    fn away(why: String, error: &reqwest::Error) -> Self {
        let why = match runtime::tls::complaint(error, runtime::tls::SYSTEM) {
            Some(complaint) => format!("the issuer {complaint}"),
            None => format!("{why}: {}", chain(error)),
        };
        Self { why, is_final: false, refused_with: None }
    }

    fn refused(status: StatusCode, why: String) -> Self {
        let is_final = status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS;
        Self { why, is_final, refused_with: Some(status) }
    }
}
