//! Signing people in through the issuer (OpenID Connect: code + PKCE, state, nonce) and keeping their tokens fresh.
//!
//! What is learnt about the issuer (discovery, keys) is fetched when first needed, since in one process the issuer starts
//! beside us, and again after an hour or when an ID token is signed with a key we do not know.

mod answers;

use std::{pin::Pin, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use content::Text;
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthenticationContextClass, AuthorizationCode, AuthorizationRequest, ClientId, ClientSecret,
    CsrfToken, HttpRequest, HttpResponse, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, RedirectUrl, RefreshToken, RequestTokenError, Scope, TokenResponse as _,
    core::{CoreAuthenticationFlow, CoreErrorResponseType, CoreIdToken, CoreJwsSigningAlgorithm},
};
use runtime::{Clock, StepUp, error::chain};
use serde::Deserialize;
use tokio::sync::RwLock;
use url::Url;

pub use self::answers::Whose;
use self::answers::{Metadata, PortalClient, TokenAnswer};
use crate::config::Config;

const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_ANSWER_BYTES: usize = 256 * 1024;
const KNOWN_FOR: TimeDelta = TimeDelta::hours(1);
/// Asymmetric only: with a secret that both sides know, either could sign.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 5] = [
    CoreJwsSigningAlgorithm::EdDsa,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
];
/// When the issuer does not say how long an access token lives.
const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(1);

/// The issuer, as the portal deals with it.
pub struct Issuer {
    url: IssuerUrl,
    client_id: ClientId,
    client_secret: ClientSecret,
    redirect: RedirectUrl,
    home: PostLogoutRedirectUrl,
    http: Http,
    clock: Clock,
    known: RwLock<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<Metadata>,
    since: DateTime<Utc>,
}

/// A sign-in that has begun: where to send the browser, and what to remember until it returns.
pub struct Begun {
    pub authorize_url: Url,
    pub state: String,
    pub nonce: String,
    pub pkce_verifier: String,
}

/// What the issuer gives for a sign-in or a refresh.
#[derive(Clone)]
pub struct Tokens {
    pub access_token: String,
    pub expires_at: DateTime<Utc>,
    pub refresh_token: Option<String>,
    /// Kept for signing out; not renewed by a refresh.
    pub id_token: Option<String>,
}

/// What a code was worth.
pub struct Redeemed {
    pub tokens: Tokens,
    /// As the ID token says it.
    pub whose: Whose,
}

/// A person of the development issuer.
#[derive(Debug, Deserialize)]
pub struct Persona {
    pub id: String,
    pub name: String,
    /// `directeur, Basisschool De Zandloper`.
    pub function: Text,
    /// What this person sees, in a sentence.
    pub sees: Text,
    /// The name of an icon.
    #[serde(default)]
    pub icon: String,
}

/// Why the issuer gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// It does not answer, or not with anything that can be read.
    #[error("the issuer cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It said no to this person or session (`invalid_grant`), or what it said does not hold.
    #[error("the issuer refused: {0}")]
    Refused(String),
    /// It finds fault with us and not with the person: `invalid_client`, `temporarily_unavailable`.
    #[error("the issuer complains: {0}")]
    Complaint(String),
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("request failed")]
    Http(#[from] reqwest::Error),
    #[error("answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
    #[error("answer is not an HTTP message")]
    Malformed(#[from] http::Error),
    #[error("answered {0}")]
    OutOfOrder(http::StatusCode),
}

fn unreachable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> IssuerError {
    IssuerError::Unreachable(error.into())
}

impl Issuer {
    /// An issuer that has not been asked anything yet.
    pub fn new(config: &Config, issuer_url: &str, clock: Clock) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        // Refresh tokens go to what the discovery document names: over https, where the issuer is.
        let http = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let http = http.https_only(issuer_url.starts_with("https://")).build()?;
        Ok(Self {
            url: IssuerUrl::new(issuer_url.to_owned())?,
            client_id: ClientId::new(config.client_id.clone()),
            client_secret: ClientSecret::new(config.client_secret.expose().to_owned()),
            redirect: RedirectUrl::from_url(config.public_url.join("aanmelden/terug")?),
            home: PostLogoutRedirectUrl::from_url(config.public_url.clone()),
            http: Http(http),
            clock,
            known: RwLock::default(),
        })
    }

    /// As it stands in tokens.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The portal's name there.
    pub fn client_id(&self) -> &str {
        self.client_id.as_str()
    }

    /// Where browsers are sent to; forms may lead there.
    pub fn origin(&self) -> String {
        self.url.url().origin().ascii_serialization()
    }

    /// The address below the issuer's own that takes the chosen person.
    pub fn persona_choice_url(&self) -> String {
        format!("{}/authorize/continue", self.url.as_str().trim_end_matches('/'))
    }

    /// The people of the development issuer.
    pub async fn personas(&self) -> Result<Vec<Persona>, IssuerError> {
        let address = format!("{}/personas", self.url.as_str().trim_end_matches('/'));
        let request = http::Request::get(address).body(Vec::new()).map_err(unreachable)?;
        let answer = fetch(self.http.0.clone(), request).await.map_err(unreachable)?;
        if !answer.status().is_success() {
            return Err(IssuerError::Refused(format!("personas: {}", answer.status())));
        }
        serde_json::from_slice(answer.body()).map_err(unreachable)
    }

    /// Begins a sign-in that does what is asked.
    pub async fn begin(&self, asked: &StepUp) -> Result<Begun, IssuerError> {
        let metadata = self.metadata(None).await?;
        let client = self.client(&metadata);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge);
        let classes = asked.acr_values.iter().map(|acr| AuthenticationContextClass::new(acr.clone()));
        request = classes.fold(request, AuthorizationRequest::add_auth_context_value);
        if let Some(max_age) = asked.max_age {
            request = request.set_max_age(max_age);
        }
        let (authorize_url, state, nonce) = request.url();
        Ok(Begun { authorize_url, state: state.into_secret(), nonce: nonce.secret().clone(), pkce_verifier: verifier.into_secret() })
    }

    /// Whether an `iss` beside a code (RFC 9207) is this issuer.
    pub fn is_named_by(&self, iss: &str) -> bool {
        iss == self.url.as_str()
    }

    /// Redeems a code, and checks the ID token that comes with it.
    pub async fn redeem(&self, code: String, nonce: String, pkce_verifier: String) -> Result<Redeemed, IssuerError> {
        let metadata = self.metadata(None).await?;
        let client = self.client(&metadata);
        let response = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| IssuerError::Refused(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(pkce_verifier))
            .request_async(&self.http)
            .await
            .map_err(token_error)?;
        let nonce = Nonce::new(nonce);
        let whose = match self.check_id_token(&metadata, &response, &nonce) {
            Ok(whose) => whose,
            Err(first) => {
                // The key may be newer than what we know.
                let renewed = self.metadata(Some(&metadata)).await?;
                if Arc::ptr_eq(&renewed, &metadata) {
                    return Err(first);
                }
                self.check_id_token(&renewed, &response, &nonce)?
            }
        };
        Ok(Redeemed { tokens: self.tokens(&response), whose })
    }

    /// Renews the access token.
    pub async fn refresh(&self, refresh_token: String) -> Result<Tokens, IssuerError> {
        let metadata = self.metadata(None).await?;
        let client = self.client(&metadata);
        let refresh_token = RefreshToken::new(refresh_token);
        let request = client.exchange_refresh_token(&refresh_token).map_err(|error| IssuerError::Refused(error.to_string()))?;
        let response = request.request_async(&self.http).await.map_err(token_error)?;
        Ok(self.tokens(&response))
    }

    /// Has the issuer end the session of a refresh token, where it offers that (RFC 7009).
    pub async fn revoke(&self, refresh_token: String) -> Result<(), IssuerError> {
        let metadata = self.metadata(None).await?;
        let Some(endpoint) = &metadata.additional_metadata().additional_metadata.revocation_endpoint else { return Ok(()) };
        // By hand: openidconnect insists on https, which the development issuer has not. Our client does too where the issuer is at https.
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let request = self.http.0.post(endpoint.url().clone());
        let request = request.basic_auth(encoded(self.client_id.as_str()), Some(encoded(self.client_secret.secret())));
        let form = [("token", refresh_token.as_str()), ("token_type_hint", "refresh_token")];
        let answer = request.form(&form).send().await.map_err(unreachable)?;
        if answer.status().is_success() { Ok(()) } else { Err(IssuerError::Complaint(answer.status().to_string())) }
    }

    /// Where to send the browser so that the issuer ends its session too, when it offers that. Without the ID token of the
    /// session it may ask first.
    pub async fn sign_out_url(&self, id_token: Option<&str>, state: &str) -> Option<Url> {
        let metadata = self.metadata(None).await.ok()?;
        let endpoint = metadata.additional_metadata().end_session_endpoint.clone()?;
        let id_token: Option<CoreIdToken> = id_token.and_then(|text| text.parse().ok());
        let mut request = LogoutRequest::from(endpoint);
        if let Some(id_token) = &id_token {
            request = request.set_id_token_hint(id_token);
        }
        let request = request
            .set_client_id(self.client_id.clone())
            .set_post_logout_redirect_uri(self.home.clone())
            .set_state(CsrfToken::new(state.to_owned()));
        Some(request.http_get_url())
    }

    fn check_id_token(&self, metadata: &Metadata, response: &TokenAnswer, nonce: &Nonce) -> Result<Whose, IssuerError> {
        let refused = |error: &dyn std::error::Error| IssuerError::Refused(chain(error));
        let client = self.client(metadata);
        let clock = self.clock.clone();
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || clock.now());
        let id_token = response.id_token().ok_or_else(|| IssuerError::Refused("no ID token came with the code".to_owned()))?;
        let claims = id_token.claims(&verifier, nonce).map_err(|error| refused(&error))?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = id_token.signing_alg().map_err(|error| refused(&error))?;
            let key = id_token.signing_key(&verifier).map_err(|error| refused(&error))?;
            let actual = AccessTokenHash::from_token(response.access_token(), algorithm, key).map_err(|error| refused(&error))?;
            if actual != *expected {
                return Err(IssuerError::Refused("the access token is not the one the ID token speaks of".to_owned()));
            }
        }
        let person = claims.subject().parse().map_err(|_| IssuerError::Refused("the ID token names no person".to_owned()))?;
        Ok(Whose { person, sid: claims.additional_claims().sid.clone() })
    }

    fn tokens(&self, response: &TokenAnswer) -> Tokens {
        let life = response.expires_in().and_then(|life| TimeDelta::from_std(life).ok()).unwrap_or(TOKEN_LIFE);
        Tokens {
            access_token: response.access_token().secret().clone(),
            expires_at: self.clock.now() + life,
            refresh_token: response.refresh_token().map(|token| token.secret().clone()),
            id_token: response.id_token().map(ToString::to_string),
        }
    }

    fn client(&self, metadata: &Metadata) -> PortalClient {
        PortalClient::from_provider_metadata(metadata.clone(), self.client_id.clone(), Some(self.client_secret.clone()))
            .set_redirect_uri(self.redirect.clone())
    }

    /// The metadata of the issuer: cached, and fetched again when it is old or is `outdated`.
    async fn metadata(&self, outdated: Option<&Arc<Metadata>>) -> Result<Arc<Metadata>, IssuerError> {
        let now = self.clock.now();
        let is_fresh = |known: &Known| now - known.since < KNOWN_FOR && outdated.is_none_or(|old| !Arc::ptr_eq(old, &known.metadata));
        if let Some(known) = self.known.read().await.as_ref().filter(|known| is_fresh(known)) {
            return Ok(Arc::clone(&known.metadata));
        }
        let mut slot = self.known.write().await;
        if let Some(known) = slot.as_ref().filter(|known| is_fresh(known)) {
            return Ok(Arc::clone(&known.metadata));
        }
        match Metadata::discover_async(self.url.clone(), &self.http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *slot = Some(Known { metadata: Arc::clone(&metadata), since: now });
                Ok(metadata)
            }
            Err(error) => match slot.as_ref() {
                // While the issuer is unavailable, old metadata is better than none.
                Some(known) => Ok(Arc::clone(&known.metadata)),
                None => Err(unreachable(error)),
            },
        }
    }
}

fn token_error<E: std::error::Error + Send + Sync + 'static>(
    error: RequestTokenError<E, openidconnect::StandardErrorResponse<CoreErrorResponseType>>,
) -> IssuerError {
    match error {
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            CoreErrorResponseType::InvalidGrant => IssuerError::Refused(answer.error().as_ref().to_owned()),
            other => IssuerError::Complaint(other.as_ref().to_owned()),
        },
        other => unreachable(other),
    }
}

/// Our HTTP client, as openidconnect asks for one.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(fetch(self.0.clone(), request))
    }
}

/// One HTTP exchange, with a bound on the answer; redirects are not followed. An issuer that is out of order or too busy says
/// nothing about a person, whatever the body of its answer looks like.
async fn fetch(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, FetchError> {
    let mut answer = client.execute(request.try_into()?).await?;
    let status = answer.status();
    if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
        return Err(FetchError::OutOfOrder(status));
    }
    let mut response = http::Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        *headers = std::mem::take(answer.headers_mut());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(FetchError::TooLong);
        }
    }
    Ok(response.body(body)?)
}
