//! What identity knows, without a database or a wire: boards, schools, sites, their import, contacts and gateways.

pub mod board;
pub mod contact;
pub mod gateway;
pub mod import;
pub mod number;
pub mod school;
pub mod secret;

pub use board::{Board, BoardKind};
pub use contact::{Contact, ContactChange, ContactDetails, ContactId};
pub use gateway::{Gateway, GatewayChange, GatewayName, GatewayState, GatewaysOfSchool, RevokeReason};
pub use number::{BoardNumber, InstitutionNumber, SiteNumber};
pub use school::{School, Site};
pub use secret::{Secret, SecretHash};
