//! The pages in a real browser, over the running product.
//!
//! Each test has a browser and a school of its own; they share one system. Without Chromium they say so and pass by.

mod director;
mod looks;
mod responder;
pub mod visitor;
mod without_scripts;

use std::sync::{Arc, Weak};

use proto::incident_intake::v1::Case;
use serde_json::Value;
use testkit::eventually;

use crate::{
    people::Person,
    town::{School, Shared, Town},
};

/// The system that the browser tests share; it stops with the last of them.
async fn town() -> Arc<Town> {
    static SHARED: Shared = Shared::const_new(Weak::new());
    Town::shared_in(&SHARED).await
}

/// Posts events, and returns the case that they open with this signature.
async fn case_of(town: &Town, school: &School, sid: u32, events: &[Value]) -> Case {
    town.post(school, events).await;
    let noor = Person::sign_in(&town.site, "noor").await;
    let signature = format!("suricata:1:{sid}");
    eventually("a case", async || noor.cases_of(&school.id).await.unwrap().into_iter().find(|case| case.signature_id == signature)).await
}
