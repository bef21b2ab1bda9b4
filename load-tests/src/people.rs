//! The pages of a school's people where there are very many: how long a director waits for one, in the whole product.

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, RequestBuilder, Response, header};
use runtime::{Clock, Ids, PersonId};
use sea_orm::{ConnectionTrait as _, Statement, Value};
use storage::{Database, DatabaseConfig};
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::{
    product::Running,
    settings::beside_executable,
    spread::{milliseconds, rounded},
    table::Table,
};

/// At one school: more than any has, with everybody who ever left.
const PEOPLE: usize = 50_000;
/// The school of the demo whose director signs in.
const SCHOOL: &str = "990101";
const DIRECTOR: &str = "els";
/// Milliseconds that ninety-nine of a hundred pages may take.
const GOAL: f64 = 50.0;
const IN_ONE_STATEMENT: usize = 1_000;

/// The first page of each view and the page after it, one after the other.
pub fn measure(product: &std::path::Path, quick: bool, background: &Handle) -> Result<String> {
    let folder = beside_executable()?;
    let data_dir = folder.path().join("var");
    drop(Running::start(product, &data_dir)?);
    let school = background.block_on(fill(&data_dir.join("identity.db")))?;
    let running = Running::start(product, &data_dir)?;
    background.block_on(ask(&running.url, school, if quick { 50 } else { 500 }))
}

async fn ask(url: &str, school: Uuid, times: usize) -> Result<String> {
    let mut director = Visitor::sign_in(url, DIRECTOR).await?;
    let note = format!("A school with {PEOPLE} people, an eighth of whom stopped; milliseconds to the whole page, {times} times.");
    let mut table = Table::new("Pages of a school's people", note, &["page", "goal, p99", "p50", "p99", ""]);
    for (what, view) in [("who must be confirmed", "nakijken"), ("all", "alle"), ("who stopped", "gestopt")] {
        let first = format!("{url}/scholen/{school}/mensen?weergave={view}");
        let page = director.page(&first).await?;
        let next = next_page(&page).with_context(|| format!("{what}: no second page"))?;
        for (which, address) in [("first page", first), ("second page", format!("{url}{next}"))] {
            let mut waited = Vec::with_capacity(times);
            for _ in 0..times {
                let began = Instant::now();
                director.page(&address).await?;
                waited.push(began.elapsed());
            }
            waited.sort_unstable();
            let of = |hundredth: usize| milliseconds(waited[(waited.len() * hundredth / 100).min(waited.len() - 1)]);
            let verdict = if of(99) <= GOAL { "met" } else { "missed" };
            table.row([format!("{what}, {which}"), format!("≤ {}", rounded(GOAL)), rounded(of(50)), rounded(of(99)), verdict.to_owned()]);
        }
    }
    Ok(table.to_string())
}

/// The address behind "next", as it stands in the page.
fn next_page(page: &str) -> Option<String> {
    let link = page.split("<a ").find(|link| link.split('>').next().is_some_and(|tag| tag.contains("rel=\"next\"")))?;
    Some(link.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&").replace("&#38;", "&"))
}

/// Gives the school its people, and answers its id.
async fn fill(file: &std::path::Path) -> Result<Uuid> {
    let database = Database::connect(&DatabaseConfig::sqlite(file)).await?;
    let of_number = format!("SELECT school_id FROM school WHERE institution_number = '{SCHOOL}'");
    let found = database.reader().query_one_raw(Statement::from_string(database.backend(), of_number)).await?;
    let school: Uuid = found.context("the demo has no such school")?.try_get("", "school_id")?;

    let clock = Clock::system();
    let (ids, now) = (Ids::random(clock.clone()), clock.now());
    let txn = database.begin().await?;
    let numbers: Vec<usize> = (0..PEOPLE).collect();
    for some in numbers.chunks(IN_ONE_STATEMENT) {
        let (mut people, mut appointments) = (Vec::new(), Vec::new());
        for number in some {
            let (person, appointment): (PersonId, PersonId) = (ids.next(), ids.next());
            let name = format!("Persoon {:05}", number * 7_919 % PEOPLE);
            people.extend([person.as_uuid().into(), name.clone().into(), format!("p{number}@zandloper.example").into()]);
            appointments.extend(row(appointment.as_uuid(), person.as_uuid(), school, &name, ends(*number, now)));
        }
        txn.execute_raw(insert("person (person_id, name, email)", 3, people, database.backend())).await?;
        let columns = "appointment (appointment_id, person_id, function, place, start_time, confirm_by, ends, appointed_by, sort_key, version, requested_by)";
        txn.execute_raw(insert(columns, 11, appointments, database.backend())).await?;
    }
    txn.commit().await?;
    database.close().await?;
    Ok(school)
}

/// One in eight stopped, and a quarter must be confirmed soon.
fn ends(number: usize, now: DateTime<Utc>) -> DateTime<Utc> {
    let days = match number % 8 {
        0 => -30,
        1 | 2 => 30,
        _ => 300,
    };
    now + TimeDelta::days(days) + TimeDelta::seconds(i64::try_from(number).unwrap_or_default())
}

fn row(appointment: Uuid, person: Uuid, school: Uuid, name: &str, ends: DateTime<Utc>) -> [Value; 11] {
    let by = "service:load-tests";
    [
        appointment.into(),
        person.into(),
        format!("teacher@{school}").into(),
        format!("school:{school}").into(),
        (ends - TimeDelta::days(365)).into(),
        ends.into(),
        ends.into(),
        by.into(),
        name.to_lowercase().into(),
        1.into(),
        by.into(),
    ]
}

fn insert(into: &str, columns: usize, values: Vec<Value>, backend: sea_orm::DatabaseBackend) -> Statement {
    let row = format!("({})", vec!["?"; columns].join(", "));
    let rows = vec![row; values.len() / columns].join(", ");
    Statement::from_sql_and_values(backend, format!("INSERT INTO {into} VALUES {rows}"), values)
}

/// Somebody with a browser that keeps its cookies.
struct Visitor {
    http: Client,
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    /// As one of the demo's people.
    async fn sign_in(url: &str, persona: &str) -> Result<Self> {
        let mut visitor = Self { http: testkit::http_client(), cookies: BTreeMap::new() };
        let to_issuer = visitor.sent_on(visitor.http.get(format!("{url}/aanmelden"))).await?;
        let choice = visitor.sent_on(visitor.http.get(absolute(url, &to_issuer))).await?;
        let request = choice.split("request=").nth(1).context("the issuer asks for no persona")?.to_owned();
        let chosen = [("request", request.as_str()), ("persona", persona)];
        let back = visitor.sent_on(visitor.http.post(format!("{url}/issuer/authorize/continue")).form(&chosen)).await?;
        visitor.sent_on(visitor.http.get(absolute(url, &back))).await?;
        Ok(visitor)
    }

    /// A whole page.
    async fn page(&mut self, address: &str) -> Result<String> {
        let answer = self.send(self.http.get(address)).await?;
        ensure!(answer.status().is_success(), "{address}: {}", answer.status());
        Ok(answer.text().await?)
    }

    async fn sent_on(&mut self, request: RequestBuilder) -> Result<String> {
        let answer = self.send(request).await?;
        let place = answer.headers().get(header::LOCATION).with_context(|| format!("not sent on: {}", answer.status()))?;
        Ok(place.to_str()?.to_owned())
    }

    async fn send(&mut self, request: RequestBuilder) -> Result<Response> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header(header::COOKIE, cookies.join("; ")).send().await?;
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie without a value")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Ok(answer)
    }
}

fn absolute(url: &str, place: &str) -> String {
    if place.starts_with('/') { format!("{url}{place}") } else { place.to_owned() }
}
