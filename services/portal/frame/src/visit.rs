//! A request, with what is known of it before its handler runs.

use std::sync::{Arc, OnceLock};

use axum::{extract::FromRequestParts, response::Response};
use futures::future::join_all;
use http::request::Parts;
use runtime::EventId;

use crate::{
    area::Message,
    failure::{Failure, Fault},
    fields::Fields,
    language::Language,
    layout::{Frame, Preferences},
    organisation::{self, Offered},
    portal::Portal,
    respond::redirect_with_cookie,
    routes::Form,
    session::{Keep, SignedIn},
    upstream::Calls,
    visitor::Visitor,
    words::ShellWords,
};

pub const SESSION_COOKIE: &str = "schildwacht";
pub const FLASH_COOKIE: &str = "gedaan";
pub const LANGUAGE_COOKIE: &str = "taal";
pub const THEME_COOKIE: &str = "thema";
pub const SHORTCUTS_COOKIE: &str = "toetsen";
/// A message waits this long for the page it belongs on.
pub const FLASH_WAITS: Keep = Keep::Seconds(60);
/// Preferences are kept for a year.
pub const A_YEAR: Keep = Keep::Seconds(365 * 24 * 3_600);

/// Said on the page that was wanted; a file has to be asked for once more.
pub const SIGNED_IN_AGAIN: Message =
    Message { code: "opnieuw-aangemeld", texts: ["U bent opnieuw aangemeld en kunt verder.", "You have signed in again and can go on."] };

/// A request of anybody.
#[derive(Clone)]
pub struct Around {
    pub portal: Arc<Portal>,
    pub preferences: Preferences,
    /// Path and question, without `lang`; for a form the page it belongs to, since what is posted to cannot be opened.
    pub here: String,
    pub flash: Option<Message>,
    /// What the form at this address declares.
    pub(crate) form: Option<Form>,
    /// What was written in the form of this request.
    pub(crate) written: Written,
    pub(crate) session: Result<Option<SignedIn>, Failure>,
}

/// A request of a signed-in person.
#[derive(Clone)]
pub struct Visit {
    pub around: Around,
    pub session: SignedIn,
}

/// What was sent in the form of one request, until it is known what became of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written(Arc<OnceLock<(Fields, String)>>);

impl Written {
    /// What a person took time to write.
    pub(crate) fn text(&self) -> Option<&str> {
        self.0.get().map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }

    pub(crate) fn fields(&self) -> Option<&Fields> {
        self.0.get().map(|(fields, _)| fields)
    }

    pub(crate) fn put_aside(&self, fields: &Fields, text: String) {
        // A request has one form; a second reading would find the same.
        let _already_there = self.0.set((fields.clone(), text));
    }
}

impl Around {
    /// The person who is signed in.
    ///
    /// # Errors
    /// When the session store or the issuer is unavailable.
    pub fn signed_in(&self) -> Result<Option<&SignedIn>, Failure> {
        self.session.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// The frame of a page, without figures in the menu. `place` is the address by which the menu tells where the page
    /// belongs; empty for a page beside the menu.
    ///
    /// # Errors
    /// When the machine has no randomness for the form's secret.
    pub fn frame(&self, place: impl Into<String>) -> Result<Frame, Failure> {
        let session = self.session.as_ref().ok().and_then(Option::as_ref);
        let csrf = session.map(|session| session.csrf.masked()).transpose()?;
        let mut frame = Frame {
            preferences: self.preferences,
            now: self.portal.clock.now(),
            here: self.here.clone(),
            visitor: session.map(|session| session.visitor.clone()),
            csrf: csrf.unwrap_or_default(),
            flash: self.flash,
            place: place.into(),
            context: String::new(),
            school: session.and_then(SignedIn::school),
            organisation: session.and_then(|session| session.organisation),
            organisations: Vec::new(),
            areas: self.portal.areas,
            figures: Vec::new(),
            emergency_line: self.portal.emergency_line.clone(),
        };
        if let Some(visitor) = &frame.visitor {
            frame.words().team(visitor).clone_into(&mut frame.context);
        }
        Ok(frame)
    }
}

impl Visit {
    /// # Errors
    /// When nobody is signed in, or the session store is unavailable.
    pub(crate) fn of(around: Around) -> Result<Self, Failure> {
        let session = around.signed_in()?.cloned().ok_or(Failure::SignIn)?;
        Ok(Self { around, session })
    }

    /// The services, on behalf of this person.
    pub fn calls(&self) -> Calls {
        self.around.portal.upstream.on_behalf_of(&self.session.access_token)
    }

    /// The frame of a page, with the figures of all areas in the menu. It calls services, so await it beside other calls.
    ///
    /// # Errors
    /// When the machine has no randomness for the form's secret.
    pub async fn frame(&self, place: impl Into<String>) -> Result<Frame, Failure> {
        let mut frame = self.around.frame(place)?;
        let asked = self.around.portal.areas.iter().filter_map(|area| area.figures);
        let figures = join_all(asked.map(|figures| figures(self.visitor().clone(), self.calls())));
        let (figures, organisations) = tokio::join!(figures, self.organisations());
        frame.figures = figures.into_iter().flatten().collect();
        frame.organisations = organisations;
        Ok(frame)
    }

    /// What the switcher of a frame offers. It calls a service, so await it beside other calls.
    pub async fn organisations(&self) -> Vec<Offered> {
        organisation::offered(self.visitor(), &self.calls(), self.session.organisation, ShellWords(self.language())).await
    }

    /// Back to a page, with a word about what was done (post, redirect, get).
    pub fn done(&self, message: Message, page: &str) -> Response {
        redirect_with_cookie(page, self.around.portal.cookies.set(FLASH_COOKIE, message.code, FLASH_WAITS))
    }

    pub const fn language(&self) -> Language {
        self.around.preferences.language
    }

    pub fn visitor(&self) -> &Visitor {
        &self.session.visitor
    }

    /// A name for one request to a service, so that sending a form twice does it once.
    pub fn new_request_id(&self) -> String {
        self.around.portal.ids.next::<EventId>().to_string()
    }
}

impl<S: Sync> FromRequestParts<S> for Around {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let missing = || Failure::Ours { fault: Fault::Bug, cause: "a route without the middleware around it".to_owned() };
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Self::of(Around::from_request_parts(parts, state).await?)
    }
}
