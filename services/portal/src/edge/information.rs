//! Help, privacy, accessibility: for everybody, signed in or not.

use axum::response::Response;

use super::{around::Around, failure::Failure, respond::page};
use crate::page::{AccessibilityPage, HelpPage, Place, PrivacyPage};

/// `GET /hulp`.
pub(super) async fn help(around: Around) -> Result<Response, Failure> {
    page(&HelpPage { frame: around.frame(Place::Elsewhere)? })
}

/// `GET /privacy`.
pub(super) async fn privacy(around: Around) -> Result<Response, Failure> {
    page(&PrivacyPage { frame: around.frame(Place::Elsewhere)? })
}

/// `GET /toegankelijkheid`.
pub(super) async fn accessibility(around: Around) -> Result<Response, Failure> {
    page(&AccessibilityPage { frame: around.frame(Place::Elsewhere)? })
}
