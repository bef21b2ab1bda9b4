//! `schildwacht retention`.

use anyhow::{Context as _, Result};
use proto::operations::v1::{
    CreateHoldRequest, Hold, LiftHoldRequest, ListHoldsRequest, PlanRetentionRequest, RunRetentionRequest, TableRetention,
    retention_service_client::RetentionServiceClient,
};
use runtime::{Clock, Ids};
use serde_json::json;

use super::{
    connection::{connect, refused},
    moment, say, say_json,
};
use crate::cli::RetentionCommand;

/// Runs one of the commands; `false` when a run left something for the next.
pub async fn retention(command: RetentionCommand) -> Result<bool> {
    match command {
        RetentionCommand::Plan { service, json, access } => {
            let mut client = RetentionServiceClient::new(connect(&access).await?);
            let plan = client.plan_retention(PlanRetentionRequest { service }).await.map_err(refused)?.into_inner();
            tell(&plan.tables, &plan.content_version, json)?;
            Ok(true)
        }
        RetentionCommand::Run { service, json, access } => {
            let mut client = RetentionServiceClient::new(connect(&access).await?);
            let ran = client.run_retention(RunRetentionRequest { service }).await.map_err(refused)?.into_inner();
            tell(&ran.tables, &ran.content_version, json)?;
            Ok(ran.tables.iter().all(|table| table.overdue == table.held))
        }
        RetentionCommand::Holds { all, json, access } => {
            let mut client = RetentionServiceClient::new(connect(&access).await?);
            let holds = client.list_holds(ListHoldsRequest { include_ended: all }).await.map_err(refused)?.into_inner().holds;
            if holds.is_empty() && !json {
                say("nothing is on hold")?;
            }
            holds.iter().try_for_each(|hold| if json { say_json(&as_value(hold)) } else { say(in_a_line(hold)) })?;
            Ok(true)
        }
        RetentionCommand::Hold { subject, reason, until, request_id, access } => {
            let mut client = RetentionServiceClient::new(connect(&access).await?);
            let request_id = request_id.unwrap_or_else(|| Ids::random(Clock::system()).next());
            let (subject, end_time) = (subject.to_string(), Some(proto::time::timestamp(until)));
            let request = CreateHoldRequest { subject: subject.clone(), reason, end_time, request_id: request_id.to_string() };
            let placed = client.create_hold(request).await.map_err(refused);
            let hold = placed.with_context(|| format!("some services may hold it already; to try again, add --request-id {request_id}"))?;
            let hold = hold.into_inner();
            say(in_a_line(&hold))?;
            if hold.found_in.is_empty() {
                say(format_args!("nothing of {subject} is kept here now; look whether the id is right"))?;
            }
            Ok(true)
        }
        RetentionCommand::Lift { hold, access } => {
            let mut client = RetentionServiceClient::new(connect(&access).await?);
            let hold = client.lift_hold(LiftHoldRequest { hold_id: hold.to_string() }).await.map_err(refused)?.into_inner();
            say(in_a_line(&hold))?;
            Ok(true)
        }
    }
}

fn tell(tables: &[TableRetention], content_version: &str, as_json: bool) -> Result<()> {
    if as_json {
        return tables.iter().try_for_each(|table| {
            let TableRetention { service, class, table: name, days, overdue, held, removed, .. } = table;
            say_json(&json!({
                "service": service, "class": class, "table": name, "days": days, "over_before": moment(table.over_before_time),
                "overdue": overdue, "held": held, "oldest": moment(table.oldest_time), "removed": removed, "content": content_version,
            }))
        });
    }
    tables.iter().try_for_each(|table| say(line_of(table)))
}

/// `identity  functions (appointment)  1826 days, before 2021-11-30T09:00:00Z: 12 past their period since 2020-…, 2 on hold, 10 go`.
fn line_of(table: &TableRetention) -> String {
    let TableRetention { service, class, table: name, days, overdue, held, removed, .. } = table;
    let past = match *overdue {
        0 => "nothing is past its period".to_owned(),
        _ => {
            let goes = overdue - held;
            format!("{overdue} past their period, the oldest since {}; {held} on hold, {goes} to go", moment(table.oldest_time))
        }
    };
    let done = if *removed > 0 { format!("{removed} removed; ") } else { String::new() };
    format!("{service:16}  {class} ({name}), {days} days, before {}: {done}{past}", moment(table.over_before_time))
}

fn in_a_line(hold: &Hold) -> String {
    let Hold { hold_id, subject, reason, placed_by, lifted_by, services, .. } = hold;
    let end = match lifted_by.as_str() {
        "" => format!("until {}", moment(hold.end_time)),
        by => format!("lifted {} by {by}", moment(hold.lift_time)),
    };
    format!("{hold_id}  {subject}  {end}  placed {} by {placed_by}  in {}  {reason}", moment(hold.place_time), services.join(", "))
}

fn as_value(hold: &Hold) -> serde_json::Value {
    json!({
        "hold_id": hold.hold_id,
        "subject": hold.subject,
        "reason": hold.reason,
        "placed_by": hold.placed_by,
        "place_time": moment(hold.place_time),
        "end_time": moment(hold.end_time),
        "lifted_by": hold.lifted_by,
        "lift_time": moment(hold.lift_time),
        "services": hold.services,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(overdue: i64, held: i64, removed: i64) -> TableRetention {
        let at = |text: &str| text.parse().ok().map(proto::time::timestamp);
        TableRetention {
            service: "network-monitor".to_owned(),
            class: "alerts".to_owned(),
            table: "alert".to_owned(),
            days: 365,
            over_before_time: at("2025-11-24T09:00:00Z"),
            overdue,
            held,
            oldest_time: at("2025-11-20T09:00:00Z").filter(|_| overdue > 0),
            removed,
        }
    }

    #[test]
    fn a_line_says_what_is_past_its_period_and_what_goes() {
        assert_eq!(
            line_of(&table(12, 2, 0)),
            "network-monitor   alerts (alert), 365 days, before 2025-11-24T09:00:00Z: 12 past their period, the oldest since 2025-11-20T09:00:00Z; \
             2 on hold, 10 to go"
        );
        assert!(line_of(&table(0, 0, 12)).ends_with(": 12 removed; nothing is past its period"));
    }
}
