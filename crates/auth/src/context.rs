//! The request's context: who calls, the time, the ids, and what is permitted.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use chrono::{DateTime, Utc};
use content::{NotInForce, Pack};
use http::{HeaderMap, header};
use runtime::{
    Clock, Error, Ids, Result, Violations,
    security::{SecurityEvent, UNVERIFIED},
};
use tonic::{Code, Status};

use crate::{Action, Function, HeldFunction, Kind, Policies, Policy, Principal, Reach, Resource, Scope, SignIn, SignInPolicy, Verifier};

/// Why a request without a token is refused.
const MISSING: &str = "token_missing";

/// Makes contexts: of requests, in a layer before anything of the request is read; and of a service's own work.
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

    /// Puts authentication before every gRPC route of a router. A request without a valid token is refused before its body is read; any
    /// other carries its [`Context`], which [`Context::of`] and [`asked`] take out.
    pub fn protect(&self, routes: Router) -> Router {
        routes.route_layer(middleware::from_fn_with_state(self.clone(), authenticate))
    }

    /// The context of work a service does by itself, because of an event or a schedule.
    pub fn own_context(&self, service: &str) -> Context {
        self.context_for(Principal::service(service))
    }

    async fn context_of(&self, headers: &HeaderMap) -> Result<Context> {
        let verified = self.verifier.verify(bearer_token(headers)?).await?;
        let (principal, held) = self.policies.caller(&verified, self.clock.now())?;
        let (sign_in, expires_at) = (verified.sign_in.clone(), Some(verified.expires_at));
        Ok(Context { held, sign_in, expires_at, ..self.context_for(principal) })
    }

    fn context_for(&self, principal: Principal) -> Context {
        let (clock, ids, policies) = (self.clock.clone(), self.ids.clone(), Arc::clone(&self.policies));
        Context { principal, sign_in: SignIn::default(), held: Vec::new(), clock, ids, policies, expires_at: None }
    }
}

async fn authenticate(State(authenticator): State<Authenticator>, mut request: Request, next: Next) -> Response {
    match authenticator.context_of(request.headers()).await {
        Ok(context) => {
            let method = request.uri().path().to_owned();
            request.extensions_mut().insert(context.clone());
            let response = next.run(request).await;
            record_not_found(&context, &method, &response);
            response
        }
        Err(error) => Status::from(error).into_http::<Body>(),
    }
}

/// What a caller may not see is not found, and so is what they made up: either way it is on record who asked.
fn record_not_found(caller: &Context, method: &str, response: &Response) {
    let code = response.headers().get(Status::GRPC_STATUS);
    let is_not_found = code.and_then(|code| code.to_str().ok()?.parse().ok()).is_some_and(|code: i32| code == Code::NotFound as i32);
    if is_not_found {
        SecurityEvent::ResourceNotFound.record(&caller.actor(), method, "", "");
    }
}

/// The token in `authorization: Bearer …`.
fn bearer_token(headers: &HeaderMap) -> Result<&str> {
    let missing = || {
        SecurityEvent::TokenRefused.record(UNVERIFIED, "authenticate", crate::AUDIENCE_PLATFORM, MISSING);
        Error::unauthenticated(MISSING, "send a token: authorization: Bearer …")
    };
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?.to_str().map_err(|_| missing())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

/// Who calls, and what they ask: a request as its use case takes it.
///
/// # Errors
/// With every field of the message that is wrong.
pub fn asked<M, T: TryFrom<M, Error = Error>>(request: tonic::Request<M>) -> Result<(Context, T)> {
    let cx = Context::of(&request)?;
    Ok((cx, request.into_inner().try_into()?))
}

/// The same, for a request of a field or two that no use case has a type for.
///
/// # Errors
/// With every field of the message that is wrong.
pub fn asked_with<M, T>(request: tonic::Request<M>, read: impl FnOnce(&mut Violations, M) -> Option<T>) -> Result<(Context, T)> {
    let cx = Context::of(&request)?;
    let mut fields = Violations::default();
    let asked = read(&mut fields, request.into_inner());
    Ok((cx, fields.finish(asked)?))
}

/// What every use case takes first. Only an [`Authenticator`] makes one, so a use case cannot be reached by a caller who is not known.
#[derive(Clone, Debug)]
pub struct Context {
    principal: Principal,
    sign_in: SignIn,
    /// Those of the principal's functions that identity gave, with their terms.
    held: Vec<HeldFunction>,
    /// The time.
    pub clock: Clock,
    pub ids: Ids,
    policies: Arc<Policies>,
    expires_at: Option<DateTime<Utc>>,
}

impl Context {
    /// The caller of a gRPC request, as the layer of [`Authenticator::protect`] found them.
    ///
    /// # Errors
    /// `Internal` where that layer is missing.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self> {
        let context = request.extensions().get::<Self>().cloned();
        context.ok_or_else(|| Error::internal("this route has no authentication: serve it through Authenticator::protect"))
    }

    /// Who calls.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// How and when they signed in.
    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// Asks for an action on one resource.
    ///
    /// # Errors
    /// `NotFound` when the caller may not know the resource, `PermissionDenied` when they may know it but not do this, `StepUpRequired` when
    /// they may, and must sign in for it again, or in a surer way.
    pub fn require(&self, action: Action, resource: impl Into<Resource>) -> Result<()> {
        let resource = resource.into();
        if self.policies.permits(&self.principal, action, resource) {
            return self.require_sign_in(action, resource);
        }
        match resource.existence() {
            Some((name, read)) if !self.policies.permits(&self.principal, read, resource) => {
                self.record_refusal(action, &resource, "not_found");
                Err(Error::not_found(name))
            }
            _ => {
                self.record_refusal(action, &resource, "permission_denied");
                Err(self.refuse(action))
            }
        }
    }

    /// Whether an action on one resource is permitted, for an answer that depends on it. A refusal of what was asked for is
    /// [`Context::require`], which is on record.
    pub fn permits(&self, action: Action, resource: impl Into<Resource>) -> bool {
        self.policies.permits(&self.principal, action, resource)
    }

    /// Where an action is permitted, for a look-up of what may be elsewhere too; `None`: nowhere. A refusal of what was asked for is
    /// [`Context::scope`], which is on record.
    pub fn permitted_scope<K: Kind>(&self, action: Action) -> Option<Scope<K>> {
        self.policies.scope(&self.principal, action)
    }

    /// Until when the caller may do what [`Context::require`] permits, as far as is known: the latest end of the functions that permit it.
    /// `None`: no end is known.
    pub fn permitted_until(&self, action: Action, resource: impl Into<Resource>) -> Option<DateTime<Utc>> {
        self.policies.permitted_until(&self.principal, &self.held, action, resource.into())
    }

    /// Who else may do this: the functions that permit it, as [`Policies::permitting_functions`] gives them.
    pub fn permitting_functions(&self, action: Action, resource: impl Into<Resource>) -> Vec<(Resource, Vec<Function>)> {
        self.policies.permitting_functions(action, resource.into())
    }

    /// Who reaches which data of a place, as [`Policies::reached_by_functions`] gives it.
    pub fn reached_by_functions(&self, place: impl Into<Resource>) -> Vec<(Function, Vec<Reach>)> {
        self.policies.reached_by_functions(place.into())
    }

    /// What somebody reaches of the data of a place.
    pub fn reached_by(&self, principal: &Principal, place: impl Into<Resource>) -> Vec<Reach> {
        self.policies.reached_by(principal, place.into())
    }

    /// Who else may do this, with the policies, as [`Policies::permitting_policies`] gives it.
    pub fn permitting_policies(&self, action: Action, resource: impl Into<Resource>) -> Vec<(Function, Vec<Policy>)> {
        self.policies.permitting_policies(action, resource.into())
    }

    /// Where the caller may do this, among the resources of a kind. Put it into every look-up.
    ///
    /// # Errors
    /// `PermissionDenied` when nowhere, `StepUpRequired` when they must sign in for it again.
    pub fn scope<K: Kind>(&self, action: Action) -> Result<Scope<K>> {
        let scope = self.permitted_scope(action).ok_or_else(|| {
            self.record_refusal(action, &"any", "permission_denied");
            self.refuse(action)
        })?;
        self.signed_in_for(action, &"any")?;
        Ok(scope)
    }

    /// The same of an action that needs no policy: what is the caller's own. [`Context::require`] and [`Context::scope`] ask it by themselves.
    ///
    /// # Errors
    /// `StepUpRequired` when they must sign in for it again.
    pub fn require_sign_in(&self, action: Action, resource: impl Into<Resource>) -> Result<()> {
        self.signed_in_for(action, &resource.into())
    }

    /// Whether they signed in surely and recently enough for what is permitted.
    fn signed_in_for(&self, action: Action, resource: &dyn std::fmt::Display) -> Result<()> {
        let step_up = self.policies.step_up(&self.principal, &self.sign_in, action, self.clock.now()).map_err(Error::internal)?;
        let Some(step_up) = step_up else { return Ok(()) };
        self.record_refusal(action, resource, "step_up_required");
        Err(Error::step_up(step_up))
    }

    /// What is asked of a sign-in at a moment.
    ///
    /// # Errors
    /// When no version of the content holds then.
    pub fn sign_in_policy(&self, at: DateTime<Utc>) -> Result<&Pack<SignInPolicy>, NotInForce> {
        self.policies.sign_in_policy(at)
    }

    /// The caller as audit rows name it.
    pub fn actor(&self) -> String {
        self.principal.actor()
    }

    /// The first of somebody's functions that reaches a resource: by which they act there.
    pub fn reaching(&self, functions: &[Function], resource: impl Into<Resource>) -> Option<Function> {
        let resource = resource.into();
        let above = self.policies.hierarchy().above(resource);
        let reaches = |function: &Function| function.place().is_some_and(|place| place == resource || above.contains(&place));
        functions.iter().copied().find(reaches)
    }

    /// When the caller's token ends, and with it every stream they were given; `None` for a service's own work.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    /// A context of a test's choosing, of somebody who has just signed in with their eID.
    #[cfg(feature = "testing")]
    pub fn for_tests(principal: Principal, clock: Clock, ids: Ids, policies: Policies) -> Self {
        let (principal, held) = policies.with_held(&principal, clock.now()).unwrap_or_else(|_| (principal, Vec::new()));
        let sign_in = SignIn { method: Some("urn:be:vlaanderen:authmech:eid".to_owned()), at: Some(clock.now()), provider: None };
        Self { principal, sign_in, held, clock, ids, policies: Arc::new(policies), expires_at: None }
    }

    fn record_refusal(&self, action: Action, resource: &dyn std::fmt::Display, reason: &'static str) {
        SecurityEvent::AuthorisationRefused.record(&self.actor(), action.name(), resource, reason);
    }

    fn refuse(&self, action: Action) -> Error {
        Error::permission_denied(format!("your function does not allow this ({}); ask somebody who may", action.name()))
    }
}
