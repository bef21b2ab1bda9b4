//! Who is calling, and what they may do.
//!
//! 1. An edge hands the request's headers to the [`Authenticator`]: the bearer token is verified (issuer, audience, expiry,
//!    type, algorithm; keys from the issuer, kept through its outages) and becomes a [`Principal`].
//! 2. With the clock and the id source it makes the request's [`Context`], the first argument of every use case.
//! 3. The use case asks *before it loads anything*: [`Context::require`] where the school is known, [`Context::scope`] where it
//!    is not. A scope goes into every look-up, so that what the caller may not see is not found.
//!
//! The rules are Cedar policies in `policies/`; what comes out of them, role by role, is `tests/permissions.golden`.
//!
//! To add an action: name it in `policies/schildwacht.cedarschema` and in [`Action`], permit it in
//! `policies/schildwacht.cedar`, and accept the new golden file after reading it.

mod action;
mod client_credentials;
mod context;
mod policy;
mod principal;
mod token;

pub use action::Action;
pub use client_credentials::{ClientCredentials, GrantError, MachineTokens};
pub use context::{Authenticator, Context, Scope};
pub use policy::{Policies, PolicyError, Resource};
pub use principal::{Function, Principal, Subject};
pub use token::{AuthConfig, TokenError, VerifiedToken, Verifier};

/// Audience of tokens for people and services.
pub const AUDIENCE_PLATFORM: &str = "schildwacht";
/// Audience of gateways' tokens.
pub const AUDIENCE_TELEMETRY: &str = "telemetry-ingest";
/// The claim that lists functions: `responder`, `director@<school id>`.
pub const FUNCTIONS_CLAIM: &str = "schildwacht_functions";
