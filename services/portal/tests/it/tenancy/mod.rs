//! One school and another: nobody learns anything of a school that is not theirs, or changes anything there, whichever method or page they
//! ask and wherever in it they name something of that school. What is tried comes from the descriptors and the router, so that what is
//! new is tried by itself.

mod pages;
mod request;
mod tenant;

use std::collections::{BTreeMap, BTreeSet};

use auth::{Function, Principal, Role};
use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt as _;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use tonic::{Code, Status};
use tower::ServiceExt as _;

use self::{
    request::{methods, path_of, positions, request},
    tenant::{Kind, Tenant},
};
use crate::support::{
    Town,
    people::{self, newcomer},
    sample::{HOEK, ZANDLOPER},
};

/// What a method answered.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    code: Code,
    message: String,
    body: Vec<u8>,
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

impl Answer {
    fn holds(&self, text: &str) -> bool {
        holds(&self.body, text) || self.message.contains(text)
    }
}

/// Everybody whose functions hold at a school, a board or a vendor, or nowhere, at a tenant. Those of the platform see all schools.
fn people_of(tenant: &Tenant) -> Vec<Principal> {
    let place = |kind: Kind| Some(tenant.id(kind).unwrap().parse().unwrap());
    let functions = Role::ALL.iter().filter_map(|role| {
        let place = match role {
            Role::Responder | Role::ResponseLead | Role::Operator | Role::Reviewer | Role::Editor => return None,
            Role::BoardMember | Role::Dpo => place(Kind::Board),
            Role::Director | Role::IctCoordinator | Role::Teacher => place(Kind::School),
            Role::VendorContact => place(Kind::Vendor),
            Role::Pupil | Role::Parent => None,
        };
        Some(vec![Function::new(*role, place).unwrap()])
    });
    let all = functions.chain([Vec::new()]).zip(0..);
    all.map(|(functions, number)| Principal { functions, ..newcomer(700 + number) }).collect()
}

async fn ask(town: &Town, who: &Principal, method: &MethodDescriptor, message: &[u8]) -> Answer {
    let framed = [&[0], u32::try_from(message.len()).unwrap().to_be_bytes().as_slice(), message].concat();
    let asked = Request::post(path_of(method))
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::AUTHORIZATION, format!("Bearer {}", town.issuer.tokens.token(who)))
        .body(Body::from(framed));
    let answer = town.world.routes.clone().oneshot(asked.unwrap()).await.unwrap();
    let headers = answer.headers().clone();
    let body = answer.into_body().collect().await.unwrap();
    let status = body.trailers().and_then(Status::from_header_map).or_else(|| Status::from_header_map(&headers)).unwrap();
    let body = body.to_bytes();
    Answer { code: status.code(), message: status.message().to_owned(), body: body.get(5..).unwrap_or_default().to_vec() }
}

/// Where a list goes on that the other school's director has begun, if the method lists anything.
async fn page_token(town: &Town, method: &MethodDescriptor, other: &Tenant) -> Option<String> {
    method.input().get_field_by_name("page_token")?;
    let mut question = DynamicMessage::decode(method.input(), request(&method.input(), other, &[], other).as_slice()).unwrap();
    question.set_field_by_name("page_size", Value::I32(1));
    question.clear_field_by_name("query");
    question.clear_field_by_name("device_id");
    question.clear_field_by_name("signature_id");
    question.clear_field_by_name("assignee");
    let answer = ask(town, &other.director, method, &prost::Message::encode_to_vec(&question)).await;
    let answer = DynamicMessage::decode(method.output(), answer.body.as_slice()).unwrap();
    let token = answer.get_field_by_name("next_page_token")?.as_str()?.to_owned();
    (!token.is_empty()).then_some(token)
}

#[tokio::test]
async fn no_method_shows_or_changes_anything_of_another_school() {
    let town = Town::new().await;
    let (own, other) = (Tenant::of(&town, HOEK, 800).await, Tenant::of(&town, ZANDLOPER, 900).await);
    town.world.settle().await;
    let absent = Tenant::absent(&other, &town);
    let people = people_of(&own);
    // Dead letters are of no school, and each process answers for its own: operators alone may ask (crates/auth/tests/permissions.golden).
    let is_of_tenants = |method: &MethodDescriptor| method.parent_service().package_name() != "schildwacht.operations.v1";
    let tried = methods().into_iter().filter(|method| is_of_tenants(method) && !positions(&method.input()).is_empty());
    let tried: Vec<MethodDescriptor> = tried.collect();
    // A stream would end with its token only. The one there is asks for nothing of anybody.
    assert!(tried.iter().all(|method| !method.is_server_streaming()), "a stream names something of a tenant: try its first message");
    let mut tokens = BTreeMap::new();
    for method in &tried {
        if let Some(token) = page_token(&town, method, &other).await {
            tokens.insert(path_of(method), token);
        }
    }
    assert!(tokens.len() >= 7, "lists of the other school that go on: {:?}", tokens.keys());
    let before = town.world.rows_about(&other.secrets).await;
    let mut denied: BTreeMap<String, Vec<&Principal>> = BTreeMap::new();
    let mut calls = 0;
    for method in &tried {
        for (position, kind) in positions(&method.input()) {
            let other = match kind {
                Kind::PageToken => match tokens.get(&path_of(method)) {
                    Some(token) => &other.with(kind, token.clone()),
                    None => continue,
                },
                _ => &other,
            };
            for person in &people {
                let about = format!("{} with {} of another, asked by {:?}", method.full_name(), position.join("."), person.functions);
                let message = request(&method.input(), &own, &position, other);
                let answer = ask(&town, person, method, &message).await;
                calls += 1;
                let told = other.secrets.iter().filter(|secret| !holds(&message, secret) && answer.holds(secret));
                assert_eq!(told.collect::<Vec<_>>(), Vec::<&String>::new(), "{about} is told");
                if answer.code == Code::PermissionDenied {
                    denied.entry(path_of(method)).or_default().push(person);
                }
                if kind == Kind::PageToken {
                    continue;
                }
                let of_absent = ask(&town, person, method, &request(&method.input(), &own, &position, &absent)).await;
                let alike = if kind == Kind::Request { answer.code == of_absent.code } else { answer == of_absent };
                assert!(alike, "{about} is answered\n{answer:?}, and one that there is not\n{of_absent:?}");
            }
        }
    }
    town.world.settle().await;
    let after = town.world.rows_about(&other.secrets).await;
    let changes: Vec<&String> = before.symmetric_difference(&after).collect();
    assert!(changes.is_empty(), "something of another school has changed: {changes:#?}");

    // The same with everything their own: who was denied may not do this at all, and somebody may, so that the requests are sound.
    let platform = [people::noor(), people::lotte_leads(), people::pieter_operates()];
    for method in &tried {
        let message = request(&method.input(), &own, &[], &own);
        for person in denied.get(&path_of(method)).into_iter().flatten() {
            let answer = ask(&town, person, method, &message).await;
            assert_eq!(answer.code, Code::PermissionDenied, "{} by {:?}: for their own school", method.full_name(), person.functions);
        }
        let mut codes = BTreeSet::new();
        for person in people.iter().chain(&platform) {
            codes.insert(format!("{:?}", ask(&town, person, method, &message).await.code));
        }
        let sound = ["Ok", "FailedPrecondition", "Aborted", "AlreadyExists"].iter().any(|code| codes.contains(*code));
        assert!(sound, "nobody can do {} with what the test asks: {codes:?}", method.full_name());
    }
    // Those who may are told, so that this would have been noticed.
    let mut telling = 0;
    for method in &tried {
        let answer = ask(&town, &other.director, method, &request(&method.input(), &other, &[], &other)).await;
        telling += usize::from(other.secrets.iter().any(|secret| answer.holds(secret)));
    }
    assert!(telling > 10, "{telling} methods tell the other school's director something of it");
    println!(
        "{} methods, {} roles: {calls} requests that name something of another school, of those lists {} go on where it was; nothing shown or changed",
        tried.len(),
        people.len(),
        tokens.len()
    );
}
