//! The development issuer: an OpenID Connect provider inside the process, for one machine.
//!
//! In production Keycloak is the issuer. Until then, and on every developer's machine, this one speaks the same protocol with
//! openidconnect's own types: discovery, keys, code with PKCE, client credentials, refresh and giving it up, sign-out in front and behind. What differs is who signs
//! in: nobody proves anything here, one chooses a fictional person. That is why it refuses every address but loopback.
//!
//! Gateways are real all the same: their secrets are those of identity's own table, so that revoking one works as it does in
//! production.
//!
//! | File in the data folder | Holds |
//! |---|---|
//! | `issuer/signing-key.pem` | the key that signs tokens |
//! | `issuer/clients/<client id>.secret` | the secret of each client |

mod authorize;
mod back_channel;
mod claims;
pub mod client;
mod end_session;
mod grant;
mod keys;
pub mod metadata;
mod metrics;
mod once;
mod pending;
pub mod persona;
mod routes;
mod session;
mod token;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::TimeDelta;
use openidconnect::IssuerUrl;
use runtime::{Clock, Ids, Process, SchoolId, Tasks, config::is_loopback};
use storage::{Database, Reach, StoreResult};
use url::Url;

pub use authorize::{PORTAL_CHOICE, PORTAL_RETURN};
pub use back_channel::PORTAL_BACK_CHANNEL;
pub use metadata::Metadata;

use crate::{domain::InstitutionNumber, store};
use client::{ClientError, Clients};
use keys::{KeyError, SigningKeys};
use metrics::IssuerMetrics;
use once::Once;
use pending::{Grant, Pending};
use persona::Personas;
use session::Sessions;
use token::Mint;

/// How the issuer is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// As it stands in tokens: `http://127.0.0.1:8080/issuer`.
    pub url: Url,
    /// Where the portal's pages are: `http://127.0.0.1:8080/`.
    pub portal: Url,
    /// Where the process listens.
    pub listen: SocketAddr,
    /// The data folder.
    pub data_dir: PathBuf,
    /// Services with a client of their own.
    pub services: Vec<String>,
}

/// Why the issuer does not start.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// Anybody could sign in as anyone.
    #[error(
        "the development issuer lets anyone sign in as anyone, so it serves this machine only: {what} is {address}, give a loopback \
         address such as 127.0.0.1, or configure a real issuer"
    )]
    NotLoopback {
        /// Which address.
        what: &'static str,
        address: String,
    },
    /// The issuer's URL.
    #[error("the issuer's address {0} must be http:// with a path and without a query")]
    BadUrl(Url),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("no HTTP client to be had")]
    Http(#[from] reqwest::Error),
}

/// Everything the issuer keeps: on disk its key and the secrets of clients, in memory what is under way.
pub struct Issuer {
    url: IssuerUrl,
    portal: Url,
    keys: SigningKeys,
    clients: Clients,
    personas: Personas,
    pending: Once<Pending>,
    codes: Once<Grant>,
    sessions: Sessions,
    database: Database,
    clock: Clock,
    ids: Ids,
    tasks: Tasks,
    /// To the portal.
    http: reqwest::Client,
    metrics: IssuerMetrics,
}

impl Issuer {
    /// Time to choose a persona.
    const CHOICE: TimeDelta = TimeDelta::minutes(10);
    /// Life of a code: at most a minute.
    const CODE: TimeDelta = TimeDelta::seconds(60);
    /// For an answer of the portal.
    const PATIENCE: Duration = Duration::from_secs(5);
    /// Sign-ins under way at once.
    const UNDER_WAY: usize = 1_000;

    /// Reads or makes the key and the clients' secrets. Refuses any address but loopback.
    pub fn open(settings: &Settings, personas: Personas, database: Database, process: &Process) -> Result<Self, IssuerError> {
        require_loopback("the listening address", settings.listen.ip().is_loopback(), &settings.listen)?;
        require_loopback("the issuer's address", is_loopback(&settings.url), &settings.url)?;
        require_loopback("the portal's address", is_loopback(&settings.portal), &settings.portal)?;
        let is_plain = settings.url.scheme() == "http" && settings.url.query().is_none() && settings.url.fragment().is_none();
        let url = IssuerUrl::from_url(settings.url.clone());
        if !is_plain || url.url().path() == "/" {
            return Err(IssuerError::BadUrl(settings.url.clone()));
        }
        let folder = folder(&settings.data_dir);
        Ok(Self {
            url,
            portal: settings.portal.clone(),
            keys: SigningKeys::load_or_create(&folder.join("signing-key.pem"))?,
            clients: Clients::load_or_create(&client_folder(&settings.data_dir), &settings.services)?,
            personas,
            pending: Once::new(Self::CHOICE, Self::UNDER_WAY),
            codes: Once::new(Self::CODE, Self::UNDER_WAY),
            sessions: Sessions::default(),
            database,
            clock: process.clock.clone(),
            ids: process.ids.clone(),
            tasks: process.tasks.clone(),
            http: reqwest::Client::builder().timeout(Self::PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?,
            metrics: IssuerMetrics::new(),
        })
    }

    fn mint(&self) -> Mint<'_> {
        Mint { issuer: &self.url, keys: &self.keys, ids: &self.ids, now: self.clock.now() }
    }

    /// The schools of the personas that are there.
    async fn persona_schools(&self) -> StoreResult<BTreeMap<InstitutionNumber, SchoolId>> {
        store::school::ids_of(&self.database.reader_within(Reach::Everything).await?, &self.personas.schools()).await
    }
}

/// Where the issuer keeps its files.
fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("issuer")
}

fn client_folder(data_dir: &Path) -> PathBuf {
    folder(data_dir).join("clients")
}

/// The file with the secret of a client.
pub fn client_secret_file(data_dir: &Path, client_id: &str) -> PathBuf {
    client_folder(data_dir).join(format!("{client_id}.secret"))
}

fn require_loopback(what: &'static str, holds: bool, address: &impl ToString) -> Result<(), IssuerError> {
    if holds { Ok(()) } else { Err(IssuerError::NotLoopback { what, address: address.to_string() }) }
}
