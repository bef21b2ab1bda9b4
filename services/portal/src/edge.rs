//! The addresses of the portal, and what stands around each request.
//!
//! The path of one request: `around` reads preferences and session; the handler asks the services as that person, fills a page
//! and renders it; what failed comes back through `around` as a page that says what to do; the security headers go on.
//!
//! To add an address: a handler here, its page in [`crate::page`], a line in [`router`], and its test in `tests/`.

mod around;
mod case;
mod case_forms;
mod chosen;
mod device;
mod devices;
mod export;
mod failure;
mod form;
mod gateways;
mod headers;
mod home;
mod information;
mod live;
mod preferences;
mod queue;
mod respond;
mod schools;
mod sign_in;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use runtime::{Clock, Ids, Shutdown};
use tower_http::compression::CompressionLayer;
use url::Url;

use crate::{
    assets,
    config::EmergencyLine,
    issuer::Issuer,
    session::{Cookies, Sessions},
    upstream::Upstream,
};

/// The longest form is a note of 10,000 characters, each at most 12 bytes once encoded.
const MAX_FORM_BYTES: usize = 256 * 1024;

/// What every handler can reach.
pub(crate) struct Portal {
    pub(crate) sessions: Sessions,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) upstream: Upstream,
    pub(crate) cookies: Cookies,
    pub(crate) headers: headers::SecurityHeaders,
    /// `https://schildwacht.example`: where forms must come from.
    pub(crate) origin: String,
    /// Whether people choose who to be, on a page of ours.
    pub(crate) personas: bool,
    /// Whom schools call on a bad day.
    pub(crate) emergency_line: Option<Arc<EmergencyLine>>,
    /// Where sensors post.
    pub(crate) sensors_url: Option<Url>,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) shutdown: Shutdown,
}

pub(crate) use headers::SecurityHeaders;

/// All addresses. What is unknown is answered with a page too.
pub(crate) fn router(portal: Arc<Portal>) -> Router {
    let pages = Router::new()
        .route("/", get(home::home))
        .route("/aanmelden", get(sign_in::begin))
        .route("/aanmelden/terug", get(sign_in::finish))
        .route("/aanmelden/wie", get(sign_in::personas))
        .route("/afmelden", post(sign_in::sign_out))
        .route("/voorkeuren", post(preferences::choose))
        .route("/wachtrij", get(queue::show))
        .route("/wachtrij/neem", post(chosen::take))
        .route("/wachtrij/sluiten", get(chosen::close_form).post(chosen::close))
        .route(live::PATH, get(live::stream))
        .route("/wachtrij/export.csv", get(export::cases_csv))
        .route("/wachtrij/export.json", get(export::cases_json))
        .route("/zaken/{case}", get(case::show))
        .route("/zaken/{case}/toewijzen", post(case_forms::assign))
        .route("/zaken/{case}/fase", post(case_forms::change_phase))
        .route("/zaken/{case}/notitie", post(case_forms::add_note))
        .route("/zaken/{case}/sluiten", post(case_forms::close))
        .route("/zaken/{case}/heropenen", post(case_forms::reopen))
        .route("/zaken/{case}/bewijs/{alert}", get(case::raw_evidence))
        .route("/scholen", get(schools::list))
        .route("/scholen/{school}/toestellen", get(devices::list))
        .route("/scholen/{school}/toestellen/export.csv", get(export::devices_csv))
        .route("/scholen/{school}/toestellen/export.json", get(export::devices_json))
        .route("/scholen/{school}/toestellen/{device}", get(device::show))
        .route("/scholen/{school}/incidenten", get(schools::incidents))
        .route("/gateways", get(gateways::list))
        .route("/gateways/nieuw", get(gateways::enrol_form).post(gateways::enrol))
        .route("/gateways/{gateway}/geheim", get(gateways::rotate_form).post(gateways::rotate))
        .route("/gateways/{gateway}/intrekken", get(gateways::revoke_form).post(gateways::revoke))
        .route("/hulp", get(information::help))
        .route("/privacy", get(information::privacy))
        .route("/toegankelijkheid", get(information::accessibility))
        .fallback(home::unknown)
        .method_not_allowed_fallback(home::unknown)
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(from_fn_with_state(Arc::clone(&portal), around::around))
        .layer(CompressionLayer::new().gzip(true))
        .with_state(portal);
    Router::new().route("/assets/{version}/{name}", get(assets::serve)).merge(pages)
}
