//! What every handler can reach.

use std::sync::Arc;

use runtime::{Clock, Ids, Shutdown};
use url::Url;

use crate::{
    area::Area,
    config::EmergencyLine,
    headers::SecurityHeaders,
    issuer::Issuer,
    session::{Cookies, Sessions},
    upstream::Upstream,
    waiting_form::WaitingForms,
};

/// The portal of one process.
pub struct Portal {
    pub sessions: Sessions,
    /// Forms whose senders sign in again.
    pub waiting_forms: WaitingForms,
    pub issuer: Arc<Issuer>,
    pub upstream: Upstream,
    pub cookies: Cookies,
    pub headers: SecurityHeaders,
    /// `https://schildwacht.example`: where forms must come from.
    pub origin: String,
    /// Whether the development issuer leaves choosing a person to the portal.
    pub personas: bool,
    /// The emergency line of schools.
    pub emergency_line: Option<Arc<EmergencyLine>>,
    /// Where sensors post.
    pub sensors_url: Option<Url>,
    /// What the portal consists of.
    pub areas: &'static [Area],
    pub clock: Clock,
    pub ids: Ids,
    pub shutdown: Shutdown,
}

impl Portal {
    /// Where people change their password and set up a passkey: Keycloak's account console. The development issuer has no such page.
    pub fn issuers_account_page(&self) -> Option<String> {
        (!self.personas).then(|| format!("{}/account/", self.issuer.url().trim_end_matches('/')))
    }
}
