//! The discovery document: what this issuer speaks and where.

use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, EndSessionUrl, IssuerUrl, JsonWebKeySetUrl, LogoutProviderMetadata, PkceCodeChallengeMethod,
    ProviderMetadata, ResponseTypes, RevocationUrl, Scope, TokenUrl,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::keys::SigningKeys;

/// What openidconnect's own document has no field for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExtraMetadata {
    /// RFC 8414.
    code_challenge_methods_supported: Vec<PkceCodeChallengeMethod>,
    /// RFC 9207.
    authorization_response_iss_parameter_supported: bool,
    /// RFC 8414.
    revocation_endpoint: RevocationUrl,
    /// OpenID Connect Back-Channel Logout 1.0, 2.1.
    backchannel_logout_supported: bool,
    /// Whether logout tokens name the session.
    backchannel_logout_session_supported: bool,
}

impl AdditionalProviderMetadata for ExtraMetadata {}

/// The discovery document.
pub type Metadata = ProviderMetadata<
    LogoutProviderMetadata<ExtraMetadata>,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Paths below the issuer.
pub mod path {
    /// OpenID Connect Discovery 1.0, 4.
    pub const DISCOVERY: &str = "/.well-known/openid-configuration";
    /// Public keys.
    pub const KEYS: &str = "/jwks";
    /// Where sign-in begins.
    pub const AUTHORIZE: &str = "/authorize";
    /// Where the portal's page posts the chosen persona.
    pub const CONTINUE: &str = "/authorize/continue";
    /// The personas, for the portal's page.
    pub const PERSONAS: &str = "/personas";
    /// Tokens.
    pub const TOKEN: &str = "/token";
    /// Giving up a refresh token.
    pub const REVOKE: &str = "/revoke";
    /// Signing out.
    pub const END_SESSION: &str = "/end-session";
}

/// Describes the issuer at this address.
pub fn describe(issuer: &IssuerUrl) -> Metadata {
    let base = issuer.url();
    let scopes = ["openid", "profile"].map(|scope| Scope::new(scope.to_owned()));
    let claims = ["sub", "name", "acr", "auth_time", "sid"].map(|claim| CoreClaimName::new(claim.to_owned()));
    Metadata::new(
        issuer.clone(),
        AuthUrl::from_url(below(base, path::AUTHORIZE)),
        JsonWebKeySetUrl::from_url(below(base, path::KEYS)),
        vec![ResponseTypes::new(vec![CoreResponseType::Code])],
        vec![CoreSubjectIdentifierType::Public],
        vec![SigningKeys::ALGORITHM],
        LogoutProviderMetadata {
            end_session_endpoint: Some(EndSessionUrl::from_url(below(base, path::END_SESSION))),
            additional_metadata: ExtraMetadata {
                code_challenge_methods_supported: vec![PkceCodeChallengeMethod::new("S256".to_owned())],
                authorization_response_iss_parameter_supported: true,
                revocation_endpoint: RevocationUrl::from_url(below(base, path::REVOKE)),
                backchannel_logout_supported: true,
                backchannel_logout_session_supported: true,
            },
        },
    )
    .set_token_endpoint(Some(TokenUrl::from_url(below(base, path::TOKEN))))
    .set_scopes_supported(Some(scopes.to_vec()))
    .set_response_modes_supported(Some(vec![CoreResponseMode::Query]))
    .set_grant_types_supported(Some(vec![CoreGrantType::AuthorizationCode, CoreGrantType::ClientCredentials, CoreGrantType::RefreshToken]))
    .set_token_endpoint_auth_methods_supported(Some(vec![CoreClientAuthMethod::ClientSecretBasic, CoreClientAuthMethod::ClientSecretPost]))
    .set_claims_supported(Some(claims.to_vec()))
    .set_request_parameter_supported(Some(false))
    .set_request_uri_parameter_supported(Some(false))
}

/// A path below a base URL, whether that ends in a slash or not.
pub fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}
