//! Processes news of an alert: it belongs to an open case, opens one, waits for more of its kind, or matters to nobody.

use auth::{Action, Context};
use chrono::TimeDelta;
use content::Pack;
use runtime::{EventId, Result};
use storage::Txn;

use super::{
    App,
    alert_outcome::AlertOutcome,
    record_case::{enter, publish, record_case},
};
use crate::{
    domain::{
        alert::{Alert, AlertNews},
        case::{Case, Opening},
        class::IncidentClass,
        classes::IncidentClasses,
        reference::Reference,
        school::School,
        threshold::{Sighting, Threshold},
    },
    store::{
        self,
        waiting::{Counted, Place},
    },
};

/// Alerts kept as evidence of one case; further ones are counted, and stay with network-monitor.
const MAX_EVIDENCE: u64 = 500;

/// Cases of a school are counted over this long.
const HOUR: TimeDelta = TimeDelta::hours(1);

/// Takes one alert in, within the transaction of its consumer.
pub async fn record_alert(app: &App, cx: &Context, txn: &Txn, news: &AlertNews) -> Result<AlertOutcome> {
    let alert = &news.alert;
    cx.require(Action::CaseOpen, alert.school_id)?;

    store::school::lock(txn, alert.school_id).await?;
    if let Some(case) = store::case_of_alert::find_open_for(txn, alert.school_id, alert.id, &alert.signature.id).await? {
        attach(app, cx, txn, case, news).await?;
        return Ok(AlertOutcome::Attached);
    }

    let now = cx.clock.now();
    let pack = app.content_at(now)?;
    let found = pack.body.classify(alert);
    let class = found.class.as_ref();
    let latest = store::case_of_alert::find_latest(txn, alert.school_id, &alert.signature.id).await?;
    let severity = class.severity_of(alert.severity);
    if latest.is_some_and(|case| case.keeps_quiet(severity, pack.body.quiet_after_false_positive, now)) {
        return Ok(AlertOutcome::Quiet);
    }

    let window = class.opens.window();
    let earlier = match class.opens {
        Threshold::Never => return Ok(AlertOutcome::Uneventful),
        Threshold::FirstAlert => Vec::new(),
        Threshold::Events { .. } | Threshold::Alerts { .. } => {
            let place = Place { school_id: alert.school_id, class_id: &class.id };
            let events = news.new_events.saturating_mul(found.each_counts_as);
            let sighting = Sighting { alert_id: alert.id, at: alert.last_at, events };
            let counted = Counted { id: cx.ids.next::<EventId>(), news, sighting, heard_at: now };
            store::waiting::add(txn, place, window, counted).await?;
            let around = store::waiting::around(txn, place, alert.last_at, window).await?;
            if !class.opens.is_reached(&around.sightings) {
                return Ok(AlertOutcome::Waiting);
            }
            store::waiting::take(txn, place, alert.last_at, window, &around).await?
        }
    };
    if store::case::opened_since(txn, alert.school_id, now - HOUR).await? >= app.new_cases_per_hour {
        return count_as_flood(app, cx, txn, pack, news, &earlier).await;
    }
    let case = open(cx, txn, pack, class, news, &earlier).await?;
    Ok(AlertOutcome::Opened(Box::new(case)))
}

/// What would open one case too many within the hour is evidence of one case, "flood". Responders see it there, and other schools' cases
/// stay on the first page.
async fn count_as_flood(
    app: &App,
    cx: &Context,
    txn: &Txn,
    pack: &Pack<IncidentClasses>,
    news: &AlertNews,
    earlier: &[AlertNews],
) -> Result<AlertOutcome> {
    let mut opened = None;
    // What waited holds the alert itself.
    let all = if earlier.is_empty() { std::slice::from_ref(news) } else { earlier };
    for news in all {
        let flood = AlertNews { alert: news.alert.as_flood(), ..news.clone() };
        match store::case_of_alert::find_open_of_signature(txn, flood.alert.school_id, &flood.alert.signature.id).await? {
            Some(case) => attach(app, cx, txn, case, &flood).await?,
            None => opened = Some(open(cx, txn, pack, pack.body.classify(&flood.alert).class, &flood, &[]).await?),
        }
    }
    Ok(opened.map_or(AlertOutcome::Flooded, |case| AlertOutcome::Opened(Box::new(case))))
}

async fn open(
    cx: &Context,
    txn: &Txn,
    pack: &Pack<IncidentClasses>,
    class: &IncidentClass,
    news: &AlertNews,
    waited: &[AlertNews],
) -> Result<Case> {
    // What waited includes the alert itself, with all its events in the window.
    let (own, others): (Vec<_>, Vec<_>) = waited.iter().cloned().partition(|waited| waited.alert.id == news.alert.id);
    let news = own.first().unwrap_or(news);
    let now = cx.clock.now();
    let school = store::school::find(&**txn, news.alert.school_id).await?.unwrap_or_else(|| School::unnamed(news.alert.school_id));
    let (case, change) = Case::open(Opening {
        id: cx.ids.next(),
        reference: store::case::next_reference(txn, Reference::year_of(now)).await?,
        school,
        class,
        content_version: &pack.version,
        targets: &pack.body.targets,
        news,
        earlier: &others,
        at: now,
    });

    store::case::insert(txn, &case).await?;
    let latest_others = others.iter().rev().take(usize::try_from(MAX_EVIDENCE - 1).unwrap_or(usize::MAX)).rev();
    let evidence: Vec<&Alert> = latest_others.chain([news]).map(|news| &news.alert).collect();
    store::evidence::add(txn, case.id, 0, &evidence).await?;
    record_case(txn, cx, &case, change, None).await?;
    Ok(case)
}

/// Counts what became of news, and says which cases opened: once the transaction has committed, since only then it happened.
pub fn tell_outcomes(app: &App, outcomes: &[AlertOutcome]) {
    for outcome in outcomes {
        app.metrics.alert_taken(outcome);
        let AlertOutcome::Opened(case) = outcome else { continue };
        app.metrics.case_opened(case);
        tracing::info!(
            name: "case.opened",
            { case.id = %case.id, school.id = %case.school.id, class = %case.class_id, severity = case.severity.level() },
            "case opened"
        );
    }
}

async fn attach(app: &App, cx: &Context, txn: &Txn, mut case: Case, news: &AlertNews) -> Result<()> {
    let now = cx.clock.now();
    let known = store::evidence::kept(txn, case.id, news.alert.id).await?;
    let kept = store::evidence::count(&**txn, case.id).await?;
    // Beyond what is kept, only network-monitor knows whether it spoke of this alert before.
    let is_new = known.is_none() && (kept < MAX_EVIDENCE || news.first);

    let opened_under = app.content.version(&case.content_version);
    let pack = match opened_under {
        Some(pack) => pack,
        None => app.content_at(now)?,
    };
    let class = pack.body.classes.get(&case.class_id).unwrap_or_else(|| pack.body.classify(&news.alert).class);
    let changes = case.attach(news, is_new, class, &pack.body.targets, now)?;

    store::case::update(txn, &case).await?;
    if let Some(known) = known {
        store::evidence::refresh(txn, case.id, &news.alert, &known).await?;
    } else if kept < MAX_EVIDENCE {
        store::evidence::add(txn, case.id, kept, &[&news.alert]).await?;
    }
    for change in changes {
        enter(txn, cx, &case, change, None).await?;
    }
    // Also when the timeline says nothing: the counts have changed.
    publish(txn, cx, &case, "alert_attached").await
}
