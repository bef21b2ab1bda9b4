//! Makes tokens.

use auth::{AUDIENCE_PLATFORM, AUDIENCE_TELEMETRY};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    AccessToken, Audience, AuthenticationContextClass, EmptyExtraTokenFields, EndUserName, IdTokenClaims, IssuerUrl, LocalizedClaim, Nonce,
    RefreshToken, StandardClaims, SubjectIdentifier, core::CoreTokenType,
};
use runtime::Ids;

use super::{
    claims::{AccessClaims, AtAcm, BrokeredClaims, MachineResponse, SessionClaims, SignInFields, SignInResponse},
    client::{Client, Role},
    keys::{SignError, SigningKeys},
    persona::{Persona, PersonaAtAcm},
    session::Session,
};
use crate::domain::Gateway;

/// How machines sign in: with their secret, for every token (`content/sign-in/`).
const CLIENT: &str = "urn:schildwacht:client";

/// Makes tokens.
pub struct Mint<'a> {
    /// As it stands in tokens.
    pub issuer: &'a IssuerUrl,
    /// Signs.
    pub keys: &'a SigningKeys,
    /// `jti`.
    pub ids: &'a Ids,
    /// `iat`.
    pub now: DateTime<Utc>,
}

impl Mint<'_> {
    /// Short: what a person is may change, and must be effective soon.
    const PERSON: TimeDelta = TimeDelta::minutes(5);
    /// Longer: whether a gateway may post is looked up at every request anyway.
    const MACHINE: TimeDelta = TimeDelta::minutes(15);

    /// Tokens of a person who has signed in.
    pub fn for_person(
        &self,
        persona: &Persona,
        functions: &[String],
        session: &Session,
        nonce: Option<Nonce>,
        refresh: RefreshToken,
    ) -> Result<SignInResponse, SignError> {
        let subject = persona.person.to_string();
        let acr = persona.method();
        let acm = persona.acm.as_ref().map(|PersonaAtAcm { organisation, roles }| AtAcm {
            vo_doelgroepcode: "OV",
            vo_orgcode: organisation.to_string(),
            acm_roles: roles,
        });
        let provider = persona.identity_provider();
        let brokered = provider.map(|provider| BrokeredClaims { identity_provider: provider, identity_provider_acr: &acr, acm });
        let access = self.keys.sign_access_token(&AccessClaims {
            iss: self.issuer.as_str(),
            sub: &subject,
            aud: AUDIENCE_PLATFORM,
            exp: (self.now + Self::PERSON).timestamp(),
            iat: self.now.timestamp(),
            jti: self.ids.next(),
            client_id: &session.client_id,
            name: Some(&persona.name),
            acr: Some(&acr),
            auth_time: Some(session.authenticated_at.timestamp()),
            schildwacht_functions: functions,
            brokered,
        })?;
        let name = LocalizedClaim::from(EndUserName::new(persona.name.clone()));
        let about = StandardClaims::new(SubjectIdentifier::new(subject)).set_name(Some(name));
        let claims = IdTokenClaims::new(
            self.issuer.clone(),
            vec![Audience::new(session.client_id.clone())],
            self.now + Self::PERSON,
            self.now,
            about,
            SessionClaims { sid: session.id },
        )
        .set_auth_context_ref(Some(AuthenticationContextClass::new(acr)))
        .set_auth_time(Some(session.authenticated_at))
        .set_nonce(nonce);
        let id_token = self.keys.sign_id_token(claims, &access)?;
        let fields = SignInFields::new(Some(id_token), EmptyExtraTokenFields {});
        let mut response = SignInResponse::new(access, CoreTokenType::Bearer, fields);
        response.set_expires_in(Self::PERSON.to_std().ok().as_ref());
        response.set_refresh_token(Some(refresh));
        Ok(response)
    }

    /// A token of a client of this process: a service or a command.
    pub fn for_machine(&self, client: &Client) -> Result<Option<MachineResponse>, SignError> {
        let Role::Machine { subject, function } = &client.role else { return Ok(None) };
        self.machine(subject, &client.id, AUDIENCE_PLATFORM, function).map(Some)
    }

    /// A token of a gateway.
    pub fn for_gateway(&self, gateway: &Gateway) -> Result<MachineResponse, SignError> {
        let client_id = gateway.client_id();
        self.machine(&client_id, &client_id, AUDIENCE_TELEMETRY, &format!("gateway@{}", gateway.id))
    }

    fn machine(&self, subject: &str, client_id: &str, audience: &str, function: &str) -> Result<MachineResponse, SignError> {
        let access: AccessToken = self.keys.sign_access_token(&AccessClaims {
            iss: self.issuer.as_str(),
            sub: subject,
            aud: audience,
            exp: (self.now + Self::MACHINE).timestamp(),
            iat: self.now.timestamp(),
            jti: self.ids.next(),
            client_id,
            name: Some(client_id),
            acr: Some(CLIENT),
            auth_time: Some(self.now.timestamp()),
            schildwacht_functions: &[function.to_owned()],
            brokered: None,
        })?;
        let mut response = MachineResponse::new(access, CoreTokenType::Bearer, EmptyExtraTokenFields {});
        response.set_expires_in(Self::MACHINE.to_std().ok().as_ref());
        Ok(response)
    }
}
