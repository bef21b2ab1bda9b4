//! Access tokens by client credentials (RFC 6749, 4.4), kept until shortly before they expire.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use runtime::{Clock, config::Secret};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

/// Renewed this long before it expires.
const MARGIN: TimeDelta = TimeDelta::seconds(30);
/// A refusal holds for so long: an issuer that is asked over and over with a wrong secret takes that for an attack.
const REFUSAL_HOLDS: TimeDelta = TimeDelta::minutes(1);
const PATIENCE: Duration = Duration::from_secs(15);

/// Who asks, and whom.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The issuer's address.
    pub issuer: Url,
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub secret: Secret,
}

/// Gives tokens, asking for one only when needed.
#[derive(Debug)]
pub struct Tokens {
    http: reqwest::Client,
    credentials: ClientCredentials,
    clock: Clock,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    endpoint: Option<Url>,
    token: Option<Token>,
    /// Why there was none, and until when that is taken to hold.
    refused: Option<(String, DateTime<Utc>)>,
}

#[derive(Debug)]
struct Token {
    text: String,
    until: DateTime<Utc>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Asking again later may help.
    #[error(transparent)]
    Away(anyhow::Error),
    /// Asking again would not help.
    #[error("{0}")]
    Refused(String),
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
    expires_in: i64,
}

#[derive(Deserialize, Default)]
struct NotGranted {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Tokens {
    /// Asks nothing yet.
    pub fn new(credentials: ClientCredentials, clock: Clock) -> Result<Self> {
        runtime::install_tls_provider();
        // A secret goes to the issuer that was named and nowhere else.
        let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, credentials, clock, held: Mutex::default() })
    }

    /// A token that is good for a while.
    ///
    /// # Errors
    /// When the issuer refuses, or cannot be asked now.
    pub async fn get(&self) -> Result<String, TokenError> {
        let mut held = self.held.lock().await;
        if let Some(token) = held.token.as_ref().filter(|token| self.clock.now() < token.until) {
            return Ok(token.text.clone());
        }
        if let Some((why, _)) = held.refused.as_ref().filter(|(_, until)| self.clock.now() < *until) {
            return Err(TokenError::Refused(why.clone()));
        }
        match self.ask_anew(&mut held).await {
            Ok(token) => Ok(held.token.insert(token).text.clone()),
            Err(error) => {
                if let TokenError::Refused(why) = &error {
                    held.refused = Some((why.clone(), self.clock.now() + REFUSAL_HOLDS));
                }
                Err(error)
            }
        }
    }

    async fn ask_anew(&self, held: &mut Held) -> Result<Token, TokenError> {
        let endpoint = self.known_endpoint(held).await?;
        self.ask(&endpoint).await
    }

    /// Where tokens are asked for.
    ///
    /// # Errors
    /// When the issuer cannot be asked now, or says nothing of it.
    pub async fn endpoint(&self) -> Result<Url, TokenError> {
        self.known_endpoint(&mut *self.held.lock().await).await
    }

    async fn known_endpoint(&self, held: &mut Held) -> Result<Url, TokenError> {
        let endpoint = match held.endpoint.take() {
            Some(endpoint) => endpoint,
            None => self.discover().await?,
        };
        Ok(held.endpoint.insert(endpoint).clone())
    }

    /// Forgets a token that was refused, so that the next one is new.
    pub async fn forget(&self, refused: &str) {
        let mut held = self.held.lock().await;
        if held.token.as_ref().is_some_and(|token| token.text == refused) {
            held.token = None;
        }
    }

    async fn discover(&self) -> Result<Url, TokenError> {
        let issuer = self.credentials.issuer.as_str().trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let answer = self.http.get(&url).send().await.with_context(|| format!("no answer from the issuer at {issuer}; is it running?"));
        let answer = answer.map_err(TokenError::Away)?;
        let status = answer.status();
        if !status.is_success() {
            let why = format!("there is no issuer at {issuer} ({status}); give its address with --issuer");
            return Err(refused_or_away(status, why));
        }
        let discovery: Discovery = answer.json().await.map_err(|_other| TokenError::Refused(format!("{url} is no discovery document")))?;
        Ok(discovery.token_endpoint)
    }

    async fn ask(&self, endpoint: &Url) -> Result<Token, TokenError> {
        let ClientCredentials { client_id, secret, .. } = &self.credentials;
        let form = [("grant_type", "client_credentials")];
        let request = self.http.post(endpoint.clone()).basic_auth(client_id, Some(secret.expose())).form(&form);
        let asked = self.clock.now();
        let answer = request.send().await.context("no answer from the issuer").map_err(TokenError::Away)?;
        let status = answer.status();
        if !status.is_success() {
            let refusal: NotGranted = answer.json().await.unwrap_or_default();
            let why = format!("the issuer gives {client_id} no token: {status} {} {}", refusal.error, refusal.error_description);
            return Err(refused_or_away(status, why));
        }
        let granted: Granted = answer.json().await.context("the issuer's answer holds no token").map_err(TokenError::Away)?;
        Ok(Token { text: granted.access_token, until: asked + TimeDelta::seconds(granted.expires_in) - MARGIN })
    }
}

fn refused_or_away(status: StatusCode, why: String) -> TokenError {
    let is_final = status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS;
    if is_final { TokenError::Refused(why) } else { TokenError::Away(anyhow!(why)) }
}
