//! What identity knows, without a database or a wire: boards, schools, sites, their import, vendors, how far it is proven who they are,
//! contacts, gateways, and who holds which function.

pub mod access;
pub mod appointment;
pub mod board;
pub mod check;
pub mod check_override;
pub mod claimed;
pub mod contact;
pub mod domain_name;
pub mod domain_proof;
pub mod email;
pub mod enterprise_number;
pub mod erasure;
pub mod gateway;
pub mod gateway_code;
pub mod import;
pub mod invitation;
pub mod letter;
pub mod number;
pub mod reminder;
pub mod school;
pub mod secret;
pub mod standing;
pub mod vendor;

pub use access::{FunctionAccess, Holders, Level, OrganisationAccess, OwnAccess, Reached};
pub use appointment::{
    Appointment, AppointmentChange, AppointmentId, AppointmentRefusal, EndReason, Person, PersonDetails, PersonName, Place, Term,
    administers,
};
pub use board::{Board, BoardKind};
pub use check::{Check, CheckKind, CheckOutcome, EvidenceHash, Subject};
pub use check_override::{Override, OverrideChange, OverrideId, OverrideReason, OverrideRefusal, OverrideState};
pub use claimed::Claimed;
pub use contact::{Contact, ContactChange, ContactDetails, ContactId};
pub use domain_name::DomainName;
pub use domain_proof::{Answer as DnsAnswer, DomainProof, DomainProofRefusal, Look, OfDay};
pub use email::Email;
pub use enterprise_number::EnterpriseNumber;
pub use erasure::{Erasure, ErasureChange, ErasureDetails, ErasureEffect, ErasureId, ErasureReason, ErasureRefusal, ErasureState};
pub use gateway::{Gateway, GatewayChange, GatewayName, GatewayState, GatewaysOfSchool, Refusal as GatewayRefusal, RevokeReason};
pub use gateway_code::{CodeRefusal, GatewayCode, OpenCode};
pub use invitation::{Answer, Invitation, InvitationChange, InvitationId, InvitationRefusal};
pub use number::{BoardNumber, InstitutionNumber, SiteNumber};
pub use reminder::Reminder;
pub use school::{School, Site};
pub use secret::{Secret, SecretHash};
pub use standing::{EnrolmentDetails, EnrolmentLevel, Requirement, Standing};
pub use vendor::{Vendor, VendorChange, VendorDetails, VendorRefusal};
