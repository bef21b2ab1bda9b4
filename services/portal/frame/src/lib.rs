//! The frame of every page of the portal, and what its areas share.
//!
//! An area (incidents, network, organisations) is a crate that offers its addresses, its menu entries and its messages as an
//! [`Area`]. Areas know this crate and never each other. The path of one request:
//!
//! 1. [`around`] reads preferences and session; a form needs our own origin and the CSRF token of the session.
//! 2. The area's handler asks the services ([`upstream`]) as the person who looks, and fills a page.
//! 3. The page extends `layout/framed.html`, which asks all areas for the menu ([`layout`]); numbers and moments come from
//!    [`language`], marks from [`mark`], the parts of a list from [`list`].
//! 4. A failure becomes a page that says what to do next ([`problem`]).

extern crate self as portal_frame;

pub mod answer;
pub mod area;
mod around;
pub mod assets;
mod back_channel;
pub mod card;
pub mod config;
mod failure;
mod fields;
mod form;
mod headers;
pub mod issuer;
pub mod language;
pub mod layout;
pub mod list;
pub mod mark;
pub mod metrics;
pub mod organisation;
mod portal;
pub mod problem;
pub mod respond;
mod routes;
pub mod samples;
pub mod school;
pub mod session;
pub mod step_up;
pub mod upstream;
pub mod visit;
pub mod visitor;
pub mod waiting_form;

pub mod words;

pub use self::{
    area::{Area, MenuEntry, MenuPlace, Message, Onlooker, Search},
    around::router,
    back_channel::BACK_CHANNEL,
    failure::{Failure, Fault},
    fields::Fields,
    form::{Posted, PostedByAnyone, not_believed},
    headers::SecurityHeaders,
    language::Language,
    layout::Frame,
    portal::Portal,
    problem::{Problem, SignInFailure},
    routes::{Form, Routes},
    visit::{Around, Visit},
};

/// The portal's name in configuration, metrics and probes.
pub const NAME: &str = "portal";
