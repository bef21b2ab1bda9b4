//! Who is calling, and what they may do.
//!
//! 1. [`Authenticator::protect`] puts a layer before a service's routes. Before a body is read it verifies the bearer token (issuer,
//!    audience, expiry, type, algorithm; keys from the issuer, kept while it is unavailable), makes a [`Principal`] of it and of the
//!    functions that identity says they hold ([`HeldFunctions`]), and with the clock and the id source a [`Context`], the first argument of
//!    every use case.
//!    Who came through the Flemish access management (ACM) also has the functions that its roles give ([`AcmRoles`]).
//! 2. The use case asks *before it loads anything*: [`Context::require`] where the resource is known, [`Context::scope`] where it is
//!    not. A [`Scope`] is typed by the kind of resource it filters and goes into every look-up, so that what the caller may not see
//!    is not found.
//! 3. The rules are Cedar policies, a file per area in `policies/`, checked by `build.rs`. They speak of a [`Hierarchy`] of resources: a
//!    [`Function`] holds at a place in it and reaches all that is below. What comes out, role by role, is `tests/permissions.golden`.
//! 4. What is permitted also asks for a sign-in that is sure and recent enough for the class of information that the action reaches
//!    ([`SignInPolicy`]); a weaker one is answered `StepUpRequired`.
//!
//! 5. Each action says which kind of data it shows or changes ([`DataKind`]), and each policy why. So pages tell who reaches what from the
//!    policies themselves ([`Policies::reached_by_functions`]).
//!
//! To add an action: its lines in `policies/<area>.cedarschema`, of which the build makes a variant of [`Action`], and the policies that permit
//! it. Then read the new golden file and accept it.

mod acm;
mod action;
mod client_credentials;
mod conformance;
mod context;
mod data;
mod function;
mod held;
mod permitted;
mod policy;
mod principal;
mod reach;
mod resource;
mod scope;
mod sign_in;
mod token;

pub use acm::{AcmClaims, AcmRole, AcmRoles};
pub use action::Action;
pub use client_credentials::{ClientCredentials, GrantError, MachineTokens};
pub use conformance::{Judgement, Shortcoming, WayIn};
pub use context::{Authenticator, Context, asked, asked_with};
pub use data::{Access, DataKind};
pub use function::{Function, Role, UnknownFunction};
pub use held::{HeldFunction, HeldFunctions};
pub use permitted::{Policy, Reach};
pub use policy::{Policies, PolicyError};
pub use principal::{Principal, Subject};
pub use resource::{Hierarchy, Kind, Resource};
pub use scope::Scope;
pub use sign_in::{CLASSES, Condition, Population, SignIn, SignInMethod, SignInPolicy};
pub use token::{AuthConfig, Ended, Logout, TokenError, VerifiedToken, Verifier};

/// Audience of tokens for people and services.
pub const AUDIENCE_PLATFORM: &str = "schildwacht";
/// Audience of gateways' tokens.
pub const AUDIENCE_TELEMETRY: &str = "telemetry-ingest";
/// The claim that lists functions: `responder`, `director@<school id>`.
pub const FUNCTIONS_CLAIM: &str = "schildwacht_functions";
