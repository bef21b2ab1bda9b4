//! `schildwacht import`.

use std::{fs, io::IsTerminal as _};

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use proto::identity::v1::{
    ImportFormat, ImportOrganisationsRequest, ImportReport, import_organisations_response::Update,
    organisation_service_client::OrganisationServiceClient,
};
use serde_json::json;

use super::{
    connection::{connect, refused},
    say, say_json,
};
use crate::cli::ImportOptions;

const CHUNK: usize = 64 * 1024;

/// Imports a file; `false` when it has bad lines, and so was not imported.
pub async fn import(options: &ImportOptions) -> Result<bool> {
    let bytes = fs::read(&options.file).with_context(|| format!("cannot read {}", options.file.display()))?;
    let mut client = OrganisationServiceClient::new(connect(&options.access).await?);
    let mut updates =
        client.import_organisations(futures::stream::iter(requests(&bytes, options.check))).await.map_err(refused)?.into_inner();
    let bar = progress(options.json);
    let mut report = None;
    while let Some(response) = updates.message().await.map_err(refused)? {
        match response.update {
            Some(Update::Progress(progress)) => {
                bar.set_length(progress.lines_total.try_into().unwrap_or_default());
                bar.set_position(progress.lines_read.try_into().unwrap_or_default());
                bar.set_message(progress.phase);
            }
            Some(Update::Report(last)) => report = Some(last),
            None => {}
        }
    }
    bar.finish_and_clear();
    let report = report.context("the system ended the import without a report; try again")?;
    if options.json {
        say_json(&as_value(&report))?
    } else {
        show(&report, options)?
    }
    Ok(report.bad_lines_total == 0)
}

fn requests(bytes: &[u8], validate_only: bool) -> Vec<ImportOrganisationsRequest> {
    // A file that begins like JSON was not meant as CSV, even if it is not valid JSON.
    let is_json = matches!(bytes.trim_ascii_start().first(), Some(b'[' | b'{'));
    let format = if is_json { ImportFormat::Json } else { ImportFormat::Csv };
    let mut requests: Vec<_> =
        bytes.chunks(CHUNK).map(|chunk| ImportOrganisationsRequest { chunk: chunk.to_vec(), ..Default::default() }).collect();
    if requests.is_empty() {
        requests.push(ImportOrganisationsRequest::default());
    }
    if let Some(first) = requests.first_mut() {
        first.set_format(format);
        first.validate_only = validate_only;
    }
    requests
}

fn progress(is_for_machines: bool) -> ProgressBar {
    if is_for_machines || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    match ProgressStyle::with_template("{bar:32} {pos} of {len} lines  {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn show(report: &ImportReport, options: &ImportOptions) -> Result<()> {
    let file = options.file.display();
    for bad in &report.bad_lines {
        let field = if bad.field.is_empty() { String::new() } else { format!("{}: ", bad.field) };
        say(format!("{file}:{}: {field}{}", bad.line, bad.message))?;
    }
    let unlisted = report.bad_lines_total - i64::try_from(report.bad_lines.len())?;
    if unlisted > 0 {
        say(format!("and {unlisted} more"))?;
    }
    let ImportReport { boards, schools, sites, bad_lines_total, schools_created, schools_updated, schools_unchanged, .. } = report;
    let schools_are = if options.check { "schools after an import" } else { "schools" };
    let changes = format!("{schools_are}: {schools_created} new, {schools_updated} changed, {schools_unchanged} unchanged");
    match (bad_lines_total, options.check) {
        (0, true) => say(format!("{file} is valid: {boards} boards, {schools} schools, {sites} sites; nothing written\n{changes}")),
        (0, false) => say(format!("imported {boards} boards, {schools} schools, {sites} sites\n{changes}")),
        (bad, _) => say(format!("nothing imported; bad lines: {bad}. Correct them and try again")),
    }
}

fn as_value(report: &ImportReport) -> serde_json::Value {
    let bad_lines: Vec<_> = report
        .bad_lines
        .iter()
        .map(|bad| json!({ "line": bad.line, "field": bad.field, "reason": bad.reason, "message": bad.message }))
        .collect();
    json!({
        "imported": report.imported, "boards": report.boards, "schools": report.schools, "sites": report.sites,
        "schools_created": report.schools_created, "schools_updated": report.schools_updated, "schools_unchanged": report.schools_unchanged,
        "bad_lines": bad_lines, "bad_lines_total": report.bad_lines_total,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_message_says_what_the_file_is() {
        let json = requests(b" \n[{}]", true);
        assert_eq!((json[0].format(), json[0].validate_only), (ImportFormat::Json, true));
        assert_eq!(requests(b"{\"boards\":[", true)[0].format(), ImportFormat::Json);
        let csv = requests(&vec![b'x'; CHUNK + 1], false);
        assert_eq!((csv[0].format(), csv.len(), csv[1].format()), (ImportFormat::Csv, 2, ImportFormat::Unspecified));
        assert_eq!(requests(b"", false).len(), 1);
    }
}
