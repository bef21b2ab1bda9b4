//! The request's context: who calls, the time, the ids, and what is permitted.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use http::{HeaderMap, header};
use runtime::{Clock, Error, Ids, Result, SchoolId};

use crate::{Action, Policies, Principal, Resource, Verifier};

/// Makes contexts from requests.
#[derive(Clone, Debug)]
pub struct Authenticator {
    verifier: Arc<Verifier>,
    policies: Arc<Policies>,
    clock: Clock,
    ids: Ids,
}

impl Authenticator {
    /// Verifies with `verifier` and decides with `policies`.
    pub fn new(verifier: Arc<Verifier>, policies: Arc<Policies>, clock: Clock, ids: Ids) -> Self {
        Self { verifier, policies, clock, ids }
    }

    /// The context of a request, from its `authorization` header.
    ///
    /// # Errors
    /// `Unauthenticated` without a valid token.
    pub async fn context_of_headers(&self, headers: &HeaderMap) -> Result<Context> {
        let token = bearer_token(headers)?;
        let verified = self.verifier.verify(token).await?;
        let mut context = self.context_for(verified.principal.clone(), Some(Arc::from(token)));
        context.expires_at = Some(verified.expires_at);
        Ok(context)
    }

    /// The context of a gRPC request.
    ///
    /// # Errors
    /// `Unauthenticated` without a valid token.
    pub async fn context_of<T>(&self, request: &tonic::Request<T>) -> Result<Context> {
        self.context_of_headers(request.metadata().as_ref()).await
    }

    /// The context of work a service does by itself, because an event or the time says so.
    pub fn own_context(&self, service: &str) -> Context {
        self.context_for(Principal::service(service), None)
    }

    fn context_for(&self, principal: Principal, token: Option<Arc<str>>) -> Context {
        Context {
            principal,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            policies: Arc::clone(&self.policies),
            token,
            expires_at: None,
        }
    }
}

/// The token in `authorization: Bearer …`.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<&str> {
    let missing = || Error::unauthenticated("token_missing", "send a token: authorization: Bearer …");
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?.to_str().map_err(|_| missing())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

/// What every use case takes first.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who calls.
    pub principal: Principal,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    policies: Arc<Policies>,
    token: Option<Arc<str>>,
    expires_at: Option<DateTime<Utc>>,
}

/// Which schools' things a caller may act upon; part of every look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those of every school.
    Everything,
    /// Those of these schools; never empty.
    Schools(BTreeSet<SchoolId>),
}

impl Scope {
    /// Whether a school is in it.
    pub fn contains(&self, school: SchoolId) -> bool {
        match self {
            Self::Everything => true,
            Self::Schools(schools) => schools.contains(&school),
        }
    }
}

impl Context {
    /// Asks for an act on one school's things.
    ///
    /// # Errors
    /// `NotFound` when the caller may not know the school, `PermissionDenied` when they may know it but not do this.
    pub fn require(&self, action: Action, school: SchoolId) -> Result<()> {
        let resource = Resource::School(school);
        if self.policies.permits(&self.principal, action, resource) {
            return Ok(());
        }
        if self.policies.permits(&self.principal, Action::SchoolRead, resource) {
            return Err(self.refuse(action));
        }
        Err(Error::not_found("school"))
    }

    /// Asks for an act on the platform as a whole.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub fn require_platform(&self, action: Action) -> Result<()> {
        if self.policies.permits(&self.principal, action, Resource::Platform) { Ok(()) } else { Err(self.refuse(action)) }
    }

    /// Where the caller may do this. Put it into every look-up.
    ///
    /// # Errors
    /// `PermissionDenied` when nowhere.
    pub fn scope(&self, action: Action) -> Result<Scope> {
        if self.policies.permits(&self.principal, action, Resource::Platform) {
            return Ok(Scope::Everything);
        }
        let schools: BTreeSet<SchoolId> = self
            .principal
            .schools()
            .into_iter()
            .filter(|school| self.policies.permits(&self.principal, action, Resource::School(*school)))
            .collect();
        if schools.is_empty() { Err(self.refuse(action)) } else { Ok(Scope::Schools(schools)) }
    }

    /// The caller as audit rows name it.
    pub fn actor(&self) -> String {
        self.principal.actor()
    }

    /// The caller's token, to act for them at another service; `None` for a service's own work.
    pub fn bearer(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// When the caller's token ends, and with it every stream they were given; `None` for a service's own work.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    /// A context of one's choosing, for tests and for work without a request.
    pub fn new(principal: Principal, clock: Clock, ids: Ids, policies: Arc<Policies>) -> Self {
        Self { principal, clock, ids, policies, token: None, expires_at: None }
    }

    fn refuse(&self, action: Action) -> Error {
        Error::permission_denied(format!("your function does not allow this ({}); ask somebody who may", action.name()))
    }
}
