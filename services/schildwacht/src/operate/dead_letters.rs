//! `schildwacht dead-letters`.

use anyhow::Result;
use proto::operations::v1::{
    DeadLetter, GetDeadLetterRequest, ListDeadLettersRequest, ReplayDeadLettersRequest, dead_letter_service_client::DeadLetterServiceClient,
};
use serde_json::json;

use super::{
    connection::{Connection, connect, refused},
    moment, say, say_json,
};
use crate::cli::DeadLetterCommand;

const PAGE: i32 = 200;

/// Runs one of the commands; `false` when a letter failed again.
pub async fn dead_letters(command: DeadLetterCommand) -> Result<bool> {
    match command {
        DeadLetterCommand::List { service, reason, school, json, access } => {
            let mut client = DeadLetterServiceClient::new(connect(&access).await?);
            let school_id = school.map(|school| school.to_string()).unwrap_or_default();
            let reason = reason.unwrap_or_default();
            list(&mut client, ListDeadLettersRequest { service, page_size: PAGE, page_token: String::new(), reason, school_id }, json)
                .await?;
            Ok(true)
        }
        DeadLetterCommand::Show { service, id, json, access } => {
            let mut client = DeadLetterServiceClient::new(connect(&access).await?);
            let request = GetDeadLetterRequest { service, dead_letter_id: id.to_string() };
            let letter = client.get_dead_letter(request).await.map_err(refused)?.into_inner();
            let excerpt = String::from_utf8_lossy(&letter.excerpt);
            if json {
                let mut value = as_value(&letter);
                value["excerpt"] = excerpt.into();
                say_json(&value)?;
            } else {
                say(in_a_line(&letter))?;
                // Untrusted text: control characters could drive the terminal.
                say(excerpt.replace(|letter: char| letter.is_control() && letter != '\n', "\u{fffd}"))?;
            }
            Ok(true)
        }
        DeadLetterCommand::Replay { service, reason, ids, access } => {
            let mut client = DeadLetterServiceClient::new(connect(&access).await?);
            let dead_letter_ids = ids.iter().map(ToString::to_string).collect();
            let request = ReplayDeadLettersRequest { service: service.clone(), dead_letter_ids, reason: reason.unwrap_or_default() };
            let replayed = client.replay_dead_letters(request).await.map_err(refused)?.into_inner();
            let where_to_look = match replayed.failed {
                0 => String::new(),
                _ => format!("; see `schildwacht dead-letters list --service {service}` for the reasons"),
            };
            say(format!("{} processed, {} failed again{where_to_look}", replayed.replayed, replayed.failed))?;
            Ok(replayed.failed == 0)
        }
    }
}

async fn list(client: &mut DeadLetterServiceClient<Connection>, mut request: ListDeadLettersRequest, as_json: bool) -> Result<()> {
    let mut listed = 0;
    loop {
        let page = client.list_dead_letters(request.clone()).await.map_err(refused)?.into_inner();
        for letter in &page.dead_letters {
            if as_json {
                say_json(&as_value(letter))?;
            } else {
                say(in_a_line(letter))?;
            }
        }
        listed += page.dead_letters.len();
        if page.next_page_token.is_empty() {
            return if listed == 0 && !as_json { say("no dead letters") } else { Ok(()) };
        }
        request.page_token = page.next_page_token;
    }
}

fn in_a_line(letter: &DeadLetter) -> String {
    let DeadLetter { dead_letter_id, reason, detail, topic, partition, offset, school_id, .. } = letter;
    let whose = if school_id.is_empty() { "no school" } else { school_id };
    format!("{dead_letter_id}  {}  {whose}  {reason}  {topic}/{partition}@{offset}  {detail}", moment(letter.time))
}

fn as_value(letter: &DeadLetter) -> serde_json::Value {
    json!({
        "dead_letter_id": letter.dead_letter_id,
        "service": letter.service,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "school_id": letter.school_id,
        "reason": letter.reason,
        "detail": letter.detail,
        "time": moment(letter.time),
        "attempts": letter.attempts,
        "size_bytes": letter.size_bytes,
    })
}
