//! The issuer's routes, and the answers that need nothing but the issuer itself.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    routing::{get, post},
};
use openidconnect::core::CoreJsonWebKeySet;
use runtime::Error;
use serde::Serialize;

use super::{
    Issuer, authorize, end_session, grant,
    metadata::{self, Metadata, path},
};

/// Requests here are a few hundred bytes.
const BODY_AT_MOST: usize = 16 * 1024;

impl Issuer {
    /// Its routes, below the path of its own address.
    pub fn router(self) -> Router {
        let base = self.url.url().path().trim_end_matches('/').to_owned();
        let routes = Router::new()
            .route(path::DISCOVERY, get(discovery))
            .route(path::KEYS, get(keys))
            .route(path::AUTHORIZE, get(authorize::begin))
            .route(path::CONTINUE, post(authorize::choose))
            .route(path::PERSONAS, get(personas))
            .route(path::TOKEN, post(grant::token))
            .route(path::REVOKE, post(grant::revoke))
            .route(path::END_SESSION, get(end_session::end_session))
            .layer(DefaultBodyLimit::max(BODY_AT_MOST))
            .with_state(Arc::new(self));
        Router::new().nest(&base, routes)
    }
}

async fn discovery(State(issuer): State<Arc<Issuer>>) -> Json<Metadata> {
    Json(metadata::describe(&issuer.url))
}

async fn keys(State(issuer): State<Arc<Issuer>>) -> Json<CoreJsonWebKeySet> {
    Json(issuer.keys.public())
}

/// A persona as the portal's page shows it.
#[derive(Serialize)]
struct ShownPersona {
    id: String,
    name: String,
    function: BothLanguages,
    sees: BothLanguages,
    icon: String,
}

#[derive(Serialize)]
struct BothLanguages {
    nl: String,
    en: String,
}

impl From<&content::Text> for BothLanguages {
    fn from(text: &content::Text) -> Self {
        Self { nl: text.nl.clone(), en: text.en.clone() }
    }
}

/// Those who have something to see: a director of a school that was never imported has not.
async fn personas(State(issuer): State<Arc<Issuer>>) -> Result<Json<Vec<ShownPersona>>, Error> {
    let schools = issuer.persona_schools().await?;
    let shown = issuer.personas.iter().filter(|persona| persona.functions(&schools).is_some()).map(|persona| ShownPersona {
        id: persona.id.clone(),
        name: persona.name.clone(),
        function: (&persona.function).into(),
        sees: (&persona.sees).into(),
        icon: persona.icon.clone(),
    });
    Ok(Json(shown.collect()))
}
