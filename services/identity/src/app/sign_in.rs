//! Use cases of the policy on signing in, which is content: to read it, and to compare an app with it.

use auth::{Action, Context, Judgement, Population, Resource, SignInPolicy, WayIn};
use chrono::{DateTime, NaiveDate, Utc};
use runtime::{Error, Result};

/// What an app declares.
#[derive(Debug, Clone)]
pub struct CheckConformance {
    pub ways: Vec<WayIn>,
    pub populations: Vec<Population>,
    pub at: Option<DateTime<Utc>>,
}

/// One way into an app, for one population.
#[derive(Debug)]
pub struct Finding {
    pub way: WayIn,
    pub population: Population,
    pub judgement: Judgement,
}

/// A version of the policy.
#[derive(Debug)]
pub struct PolicyVersion<'c> {
    pub name: &'c str,
    /// Days in Brussels, the last one included.
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    pub policy: &'c SignInPolicy,
}

/// The version in force at a moment, or now.
pub fn get_sign_in_policy(cx: &Context, at: Option<DateTime<Utc>>) -> Result<PolicyVersion<'_>> {
    cx.require(Action::SignInPolicyRead, Resource::Platform)?;
    let pack = cx.sign_in_policy(at.unwrap_or_else(|| cx.clock.now()));
    let pack = pack.map_err(|not_in_force| Error::invalid_field("at", not_in_force.to_string()))?;
    Ok(PolicyVersion { name: &pack.version, valid_from: pack.valid_from, valid_to: pack.valid_to, policy: &pack.body })
}

/// Compares each way in with what is asked of each population, and says by which version.
pub fn check_conformance(cx: &Context, asked: CheckConformance) -> Result<(String, Vec<Finding>)> {
    let version = get_sign_in_policy(cx, asked.at)?;
    let populations = &asked.populations;
    let pairs = asked.ways.into_iter().flat_map(|way| populations.iter().map(move |population| (way.clone(), *population)));
    let findings = pairs.map(|(way, population)| Finding { judgement: version.policy.judge(&way, population), way, population });
    Ok((version.name.to_owned(), findings.collect()))
}
