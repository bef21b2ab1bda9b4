//! `auth`: what a decision costs somebody with one function and somebody with thousands, in this process.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use auth::{Action, Function, HeldFunction, Policies, Principal, Scope, Subject};
use chrono::{DateTime, TimeDelta, Utc};
use runtime::{BoardId, Clock, Ids, PersonId, SchoolId};

use crate::{
    spread::{Spread, rounded},
    table::Table,
};

/// Of one person: a teacher of a pool who replaces others in every school.
const FUNCTIONS: usize = 2_000;
const GOAL: f64 = 50.0;

/// Somebody, as a request brings them.
struct Somebody {
    policies: Policies,
    principal: Principal,
    schools: Vec<SchoolId>,
    now: DateTime<Utc>,
}

impl Somebody {
    /// Each function at a school of its own, fifty schools to a board; identity gave them, as it does in production.
    fn with_functions(count: usize) -> Result<Self> {
        let ids = Ids::counted();
        let (policies, now) = (Policies::load()?, Clock::system().now());
        let person: PersonId = ids.next();
        let mut board: BoardId = ids.next();
        let mut schools = Vec::new();
        for number in 0..count {
            if number % 50 == 0 {
                board = ids.next();
            }
            let school: SchoolId = ids.next();
            policies.hierarchy().place(school, board);
            schools.push(school);
        }
        let held = |school: &SchoolId| HeldFunction {
            function: Function::IctCoordinator(*school),
            from: now - TimeDelta::days(1),
            until: Some(now + TimeDelta::days(300)),
        };
        policies.functions().put(person, schools.iter().map(held).collect());
        let principal = Principal { subject: Subject::Person(person), name: "Meester Bram".to_owned(), functions: Vec::new() };
        Ok(Self { policies, principal, schools, now })
    }

    /// Microseconds of each question, round by round.
    fn times(&self, rounds: usize, questions: usize, ask: impl Fn(&Principal, SchoolId) -> bool) -> Result<Vec<f64>> {
        let (principal, _held) = self.policies.with_held(&self.principal, self.now)?;
        let round = |_| {
            let began = Instant::now();
            for question in 0..questions {
                ensure!(ask(&principal, self.schools[question % self.schools.len()]), "this is permitted");
            }
            Ok(microseconds(began.elapsed()) / questions as f64)
        };
        (0..rounds).map(round).collect()
    }
}

/// Each question alone, one after the other.
pub fn measure(quick: bool) -> Result<String> {
    let rounds = if quick { 3 } else { 20 };
    let (one, many) = (Somebody::with_functions(1)?, Somebody::with_functions(FUNCTIONS)?);
    let note = format!(
        "Microseconds in one thread, {rounds} rounds. A decision is one rule set over one resource; a scope is what a list filters by."
    );
    let mut table =
        Table::new("Decisions of somebody with many functions", note, &["what", "functions", "goal", "µs, median (min–max)", ""]);
    let mut row = |what: &str, who: &Somebody, goal: Option<f64>, times: Vec<f64>| {
        let Some(spread) = Spread::of(times) else { return };
        let verdict = goal.map(|goal| if spread.median <= goal { "met" } else { "missed" }).unwrap_or_default();
        let goal = goal.map(|goal| format!("≤ {}", rounded(goal))).unwrap_or_default();
        table.row([what.to_owned(), who.schools.len().to_string(), goal, spread.show(rounded), verdict.to_owned()]);
    };
    for who in [&one, &many] {
        let decide = |principal: &Principal, school| who.policies.permits(principal, Action::DeviceRead, school);
        row("decision", who, Some(GOAL), who.times(rounds, 2_000, decide)?);
    }
    for who in [&one, &many] {
        let held = |_: &Principal, _| who.policies.with_held(&who.principal, who.now).is_ok();
        row("functions of a request", who, None, who.times(rounds, 100, held)?);
    }
    for who in [&one, &many] {
        let scope = |principal: &Principal, school| matches!(who.policies.scope::<SchoolId>(principal, Action::DeviceRead), Some(scope @ Scope::Only(_)) if scope.contains(school));
        row("scope of a list", who, None, who.times(rounds, 20, scope)?);
    }
    Ok(table.to_string())
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
