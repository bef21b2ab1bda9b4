//! What identity knows, without a database or a wire: boards, schools, sites, their import, contacts, gateways, and who holds which
//! function.

pub mod access;
pub mod appointment;
pub mod board;
pub mod contact;
pub mod email;
pub mod gateway;
pub mod import;
pub mod invitation;
pub mod letter;
pub mod number;
pub mod reminder;
pub mod school;
pub mod secret;

pub use access::{FunctionAccess, Holders, Level, OrganisationAccess, OwnAccess, Reached};
pub use appointment::{
    Appointment, AppointmentChange, AppointmentId, AppointmentRefusal, EndReason, Person, PersonName, Place, Term, administers,
};
pub use board::{Board, BoardKind};
pub use contact::{Contact, ContactChange, ContactDetails, ContactId};
pub use email::Email;
pub use gateway::{Gateway, GatewayChange, GatewayName, GatewayState, GatewaysOfSchool, Refusal as GatewayRefusal, RevokeReason};
pub use invitation::{Answer, Invitation, InvitationChange, InvitationId, InvitationRefusal};
pub use number::{BoardNumber, InstitutionNumber, SiteNumber};
pub use reminder::Reminder;
pub use school::{School, Site};
pub use secret::{Secret, SecretHash};
