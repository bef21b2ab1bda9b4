//! The pages: one struct a page, filled by a handler and rendered by the template of the same name.
//!
//! A page holds values, never text from a service that is not one of [`crate::view`]'s, and asks its words of
//! [`crate::words`]. To add a page: its words, its struct here with a template, its handler in [`crate::edge`], its snapshot in
//! `tests/it/pages.rs`. The way of one page through the folders, and how to add a field to it: `docs/architecture.md`, "Pages".

mod case;
mod close_chosen;
mod conflict;
mod device;
mod devices;
mod frame;
mod gateways;
mod information;
mod problem;
mod queue;
mod schools;
mod sign_in;

pub(crate) use self::{
    case::{CasePage, CloseForm, NoteForm, ReopenForm},
    close_chosen::CloseChosenPage,
    conflict::{ConflictPage, Wish},
    device::{DevicePage, Unexplained, Warning, Warnings, running_case},
    devices::DevicesPage,
    frame::{Flash, Frame, MAX_EXPORT_ROWS, Paging, Place, Preferences, Theme},
    gateways::{EnrolPage, EnrolSearchPage, GatewayRow, GatewaysPage, RevokePage, RotatePage, SecretPage},
    information::{AccessibilityPage, HelpPage, PrivacyPage},
    problem::{Problem, ProblemPage},
    queue::QueuePage,
    schools::{IncidentsPage, SchoolsPage},
    sign_in::{Persona, PersonasPage, SignInFailedPage, SignInFailure, SignedOutPage},
};
