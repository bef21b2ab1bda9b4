//! What tokens say.

use openidconnect::{
    AdditionalClaims, EmptyExtraTokenFields, IdTokenFields, StandardTokenResponse,
    core::{CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreTokenType},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The session of an ID token, which sign-out names (`sid`, OpenID Connect Front-Channel Logout, 3).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionClaims {
    /// The session.
    pub sid: Uuid,
}

impl AdditionalClaims for SessionClaims {}

/// Our ID tokens.
pub type IdToken = openidconnect::IdToken<SessionClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
/// What comes with an access token of a person.
pub type SignInFields =
    IdTokenFields<SessionClaims, EmptyExtraTokenFields, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
/// The answer to a person's sign-in.
pub type SignInResponse = StandardTokenResponse<SignInFields, CoreTokenType>;
/// The answer to a machine.
pub type MachineResponse = StandardTokenResponse<EmptyExtraTokenFields, CoreTokenType>;

/// Claims of an access token (RFC 9068).
#[derive(Debug, Serialize)]
pub struct AccessClaims<'a> {
    /// As it stands in the discovery document.
    pub iss: &'a str,
    /// Id of the person, or the client id of a machine.
    pub sub: &'a str,
    /// Where it may be used.
    pub aud: &'a str,
    /// Seconds since 1970.
    pub exp: i64,
    /// Seconds since 1970.
    pub iat: i64,
    /// Unique.
    pub jti: Uuid,
    /// Who was given it.
    pub client_id: &'a str,
    /// For people to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// How the person signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<&'a str>,
    /// When the person signed in, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// `function@place`.
    pub schildwacht_functions: &'a [String],
    /// Of who came through an identity provider.
    #[serde(flatten)]
    pub brokered: Option<BrokeredClaims<'a>>,
}

/// What an identity provider said of the person, as Keycloak passes it on.
#[derive(Debug, Serialize)]
pub struct BrokeredClaims<'a> {
    /// `acm` or `leerid`.
    pub identity_provider: &'static str,
    /// How the person signed in there.
    pub identity_provider_acr: &'a str,
    /// Of ACM alone.
    #[serde(flatten)]
    pub acm: Option<AtAcm<'a>>,
}

/// What ACM says of somebody at a school.
#[derive(Debug, Serialize)]
pub struct AtAcm<'a> {
    /// The target group: `OV`, of education.
    pub vo_doelgroepcode: &'static str,
    /// The institution number.
    pub vo_orgcode: String,
    /// Values of `content/acm-roles/`.
    pub acm_roles: &'a [String],
}
