//! `schildwacht.identity.v1.SignInService`.

use std::collections::BTreeSet;

use auth::{CLASSES, Condition, Context, Population, Shortcoming, WayIn};
use proto::{
    identity::v1::{
        self as wire, CheckConformanceRequest, ConformanceReport, GetSignInPolicyRequest, sign_in_service_server::SignInService,
    },
    time::moment,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::app::{App, CheckConformance, Finding, PolicyVersion, check_conformance, get_sign_in_policy};

/// Ways into one app.
const MOST_WAYS: usize = 50;
/// Characters of an `acr`.
const LONGEST_ACR: usize = 200;

#[tonic::async_trait]
impl SignInService for App {
    async fn get_sign_in_policy(&self, request: Request<GetSignInPolicyRequest>) -> Result<Response<wire::SignInPolicy>, Status> {
        let cx = Context::of(&request)?;
        let mut fields = Violations::default();
        let at = fields.optional_moment("at", request.into_inner().at.map(moment));
        fields.finish(Some(()))?;
        Ok(Response::new(sign_in_policy(&get_sign_in_policy(&cx, at)?)))
    }

    async fn check_conformance(&self, request: Request<CheckConformanceRequest>) -> Result<Response<ConformanceReport>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let (version, findings) = check_conformance(&cx, asked)?;
        let conforms = findings.iter().all(|finding| finding.judgement.shortcomings.is_empty());
        Ok(Response::new(ConformanceReport { version, conforms, findings: findings.into_iter().map(Into::into).collect() }))
    }
}

impl TryFrom<CheckConformanceRequest> for CheckConformance {
    type Error = Error;

    fn try_from(request: CheckConformanceRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        if !(1..=MOST_WAYS).contains(&request.ways.len()) {
            fields.complain("ways", format!("give 1 to {MOST_WAYS} ways into the app"));
        }
        let ways = request.ways.iter().take(MOST_WAYS).enumerate().filter_map(|(place, way)| way_in(&mut fields, place, way)).collect();
        let known = request.populations.iter().map(|number| match wire::Population::try_from(*number) {
            Ok(wire::Population::Family) => Some(Population::Family),
            Ok(wire::Population::Staff) => Some(Population::Staff),
            Ok(wire::Population::Unspecified) | Err(_) => None,
        });
        let populations: Option<BTreeSet<Population>> = known.collect();
        let populations = populations.filter(|populations| !populations.is_empty());
        if populations.is_none() {
            fields.complain("populations", "say whom the app is for: POPULATION_FAMILY, POPULATION_STAFF or both");
        }
        let at = fields.optional_moment("at", request.at.map(moment));
        fields.build(|| Some(Self { ways, populations: populations?.into_iter().collect(), at }))
    }
}

fn way_in(fields: &mut Violations, place: usize, way: &wire::WayIn) -> Option<WayIn> {
    if way.acr.is_empty() || way.acr.chars().count() > LONGEST_ACR {
        fields.complain(format!("ways[{place}].acr"), format!("give the acr of how people sign in, at most {LONGEST_ACR} characters"));
    }
    let class = u8::try_from(way.information_class).ok().filter(|class| (1..=CLASSES).contains(class));
    if class.is_none() {
        fields.complain(format!("ways[{place}].information_class"), format!("give the highest class that it opens, 1 to {CLASSES}"));
    }
    Some(WayIn { method: way.acr.clone(), class: class?, within_minutes: way.within_minutes })
}

/// A version of the policy on signing in.
fn sign_in_policy(version: &PolicyVersion<'_>) -> wire::SignInPolicy {
    let methods = version.policy.methods().iter().map(|(acr, method)| wire::SignInMethod {
        acr: acr.clone(),
        level: method.level.into(),
        phishing_resistant: method.phishing_resistant,
        is_client: method.is_client,
        name_nl: method.name.nl.clone(),
        name_en: method.name.en.clone(),
    });
    let of_each = (1..=CLASSES).flat_map(|class| [Population::Family, Population::Staff].map(|population| (class, population)));
    wire::SignInPolicy {
        version: version.name.to_owned(),
        valid_from: version.valid_from.to_string(),
        valid_to: version.valid_to.map(|day| day.to_string()).unwrap_or_default(),
        methods: methods.collect(),
        conditions: of_each.map(|(class, population)| condition(class, population, version.policy.condition(class, population))).collect(),
    }
}

fn condition(class: u8, population: Population, asked: Condition) -> wire::SignInCondition {
    let population = match population {
        Population::Family => wire::Population::Family,
        Population::Staff => wire::Population::Staff,
    };
    wire::SignInCondition {
        information_class: class.into(),
        population: population.into(),
        level: asked.level.into(),
        phishing_resistant: asked.phishing_resistant,
        within_minutes: asked.within_minutes,
    }
}

impl From<Finding> for wire::ConformanceFinding {
    fn from(finding: Finding) -> Self {
        let Finding { way: WayIn { method, class, within_minutes }, population, judgement } = finding;
        let shortcoming = |found: Shortcoming| match found {
            Shortcoming::UnknownMethod => wire::Shortcoming::UnknownMethod,
            Shortcoming::NotForPeople => wire::Shortcoming::NotForPeople,
            Shortcoming::LevelTooLow => wire::Shortcoming::LevelTooLow,
            Shortcoming::NotPhishingResistant => wire::Shortcoming::NotPhishingResistant,
            Shortcoming::TooLongAgo => wire::Shortcoming::TooLongAgo,
        };
        Self {
            asked: Some(condition(class, population, judgement.asked)),
            shortcomings: judgement.shortcomings.into_iter().map(|found| shortcoming(found).into()).collect(),
            suffices_for: judgement.suffices_for.into(),
            better: judgement.better,
            way: Some(wire::WayIn { acr: method, information_class: class.into(), within_minutes }),
        }
    }
}
