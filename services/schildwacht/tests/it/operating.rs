//! What operators do to a running system: import, dead letters, the audit trail.

use chrono::TimeDelta;
use sea_orm::ConnectionTrait as _;
use serde_json::Value;
use testkit::eventually;

use crate::{
    eve,
    people::Person,
    site::Site,
    town::{Town, ZANDLOPER},
};

const HEADER: &str = "board_number;board_name;board_kind;institution_number;school_name;school_municipality;site_number;municipality";

#[tokio::test]
async fn an_import_with_bad_lines_names_them_and_imports_nothing() {
    let town = Town::shared().await;
    let file = town.site.file(
        "bad.csv",
        format!(
            "{HEADER}\n\
             990090;Vzw Noorderlicht;free;990191;De Kompas;Gent;1;Gent\n\
             990090;Vzw Noorderlicht;sportclub;990192;De Windroos;Gent;1;Gent\n\
             990090;Vzw Noorderlicht;free;990193;;Gent;1;Gent\n"
        ),
    );
    let file = file.display().to_string();

    let for_people = town.site.operate(&["import", "--file", &file]).await;
    assert_eq!(for_people.code, Some(1));
    for wanted in ["bad.csv:3", "bad.csv:4", "nothing imported"] {
        assert!(for_people.stdout.contains(wanted), "{wanted} is not in: {}", for_people.stdout);
    }
    let for_machines = town.site.operate(&["import", "--json", "--file", &file]).await;
    let report: Value = serde_json::from_str(&for_machines.stdout).unwrap();
    let lines: Vec<_> = report["bad_lines"].as_array().unwrap().iter().map(|bad| (bad["line"].clone(), bad["reason"].clone())).collect();
    assert_eq!(lines, [(3.into(), "unknown_board_kind".into()), (4.into(), "missing_name".into())]);
    assert_eq!(report["imported"], false);

    let operator = town.operator().await;
    let request = operator.asks(proto::identity::v1::ListSchoolsRequest { query: "990191".to_owned(), ..Default::default() });
    assert_eq!(operator.organisations().list_schools(request).await.unwrap().into_inner().total_size, 0, "not even the good line");
}

#[tokio::test]
async fn a_file_can_be_checked_without_importing_it() {
    let town = Town::shared().await;
    let file =
        town.site.file("good.csv", format!("{HEADER}\n990091;Vzw Poolster;free;990195;De Sextant;Gent;1;Gent\n")).display().to_string();
    let said = town.site.operate(&["import", "--check", "--file", &file]).await.ok();
    assert!(said.contains("nothing written") && said.contains("schools after an import: 1 new, 0 changed, 0 unchanged"), "{said}");
    let operator = town.operator().await;
    let request = operator.asks(proto::identity::v1::ListSchoolsRequest { query: "990195".to_owned(), ..Default::default() });
    assert_eq!(operator.organisations().list_schools(request).await.unwrap().into_inner().total_size, 0);
}

#[tokio::test]
async fn what_is_past_its_period_is_counted_for_every_service_and_a_hold_is_in_all_of_them() {
    let town = Town::shared().await;
    let operate = async |arguments: &[&str]| town.site.operate(&[&["retention"], arguments].concat()).await.ok();
    let lines = |said: String| -> Vec<Value> { said.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let services = ["identity", "incident-intake", "network-monitor"];
    for command in ["plan", "run"] {
        let tables = lines(operate(&[command, "--json"]).await);
        let of: std::collections::BTreeSet<&str> = tables.iter().map(|table| table["service"].as_str().unwrap()).collect();
        assert_eq!(of, services.into(), "{command}");
        assert!(tables.iter().any(|table| table["class"] == "incidents" && table["days"] == 1_826 && table["overdue"] == 0), "{tables:?}");
    }
    let school = "school:0199c0de-0000-7000-8000-000000000001";
    let until = (eve::just_now() + TimeDelta::days(30)).to_rfc3339();
    let held = operate(&["hold", school, "--reason", "vraag van het parket", "--until", &until]).await;
    let id = held.split_whitespace().next().unwrap();
    let holds = lines(operate(&["holds", "--json"]).await);
    let hold = holds.iter().find(|hold| hold["hold_id"] == id).unwrap();
    assert_eq!((&hold["subject"], &hold["services"]), (&school.into(), &serde_json::json!(services)));
    assert!(operate(&["lift", id]).await.contains("lifted"));
    assert!(!operate(&["holds"]).await.contains(id));
    assert!(operate(&["holds", "--all"]).await.contains("vraag van het parket"));
}

#[tokio::test]
async fn a_line_nobody_can_read_is_kept_shown_and_tried_again() {
    let town = Town::open().await;
    let school = town.school(ZANDLOPER).await;
    let good = eve::odd_traffic(eve::just_now(), 2_200_401, "10.20.4.37");
    let text = format!("{good}\n{{\"event_type\":\"flow\",\"src_ip\":\"10.20.4.37\"}}\n");
    town.sensor(&school).await.post_text(text).await.unwrap();

    let list = async || {
        let said = town.site.operate(&["dead-letters", "list", "--service", "network-monitor", "--json"]).await.ok();
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let letter = eventually("a dead letter", async || list().await.into_iter().next()).await;
    assert_eq!(
        (&letter["reason"], &letter["attempts"], &letter["topic"]),
        (&"missing_time".into(), &1.into(), &"telemetry.batch.v1".into()),
        "{letter}"
    );
    assert!(letter.get("excerpt").is_none(), "{letter}");
    let id = letter["dead_letter_id"].as_str().unwrap();
    let shown = town.site.operate(&["dead-letters", "show", "--service", "network-monitor", id]).await.ok();
    assert!(shown.contains("missing_time") && shown.contains("10.20.4.37"), "{shown}");
    let for_people = town.site.operate(&["dead-letters", "list", "--service", "network-monitor"]).await.ok();
    assert!(for_people.contains("missing_time") && for_people.contains(letter["dead_letter_id"].as_str().unwrap()), "{for_people}");

    let replayed = town.site.operate(&["dead-letters", "replay", "--service", "network-monitor"]).await;
    assert_eq!(replayed.code, Some(1), "not all went well");
    let said = "0 processed, 1 failed again; see `schildwacht dead-letters list --service network-monitor` for the reasons";
    assert!(replayed.stdout.contains(said), "{replayed:?}");
    let letters = list().await;
    assert_eq!(letters.len(), 1);
    assert_eq!((&letters[0]["attempts"], &letters[0]["reason"]), (&2.into(), &"missing_time".into()));

    let noor = Person::sign_in(&town.site, "noor").await;
    assert_eq!(noor.alerts_of(&school.id).await.unwrap().len(), 1, "the line beside it was processed, once");
}

#[tokio::test]
async fn dead_letters_of_a_service_that_is_not_there_are_refused() {
    let town = Town::shared().await;
    let refusal = town.site.operate(&["dead-letters", "list", "--service", "kitchen"]).await.complaint();
    assert!(refusal.contains("network-monitor"), "says which there are: {refusal}");
}

#[tokio::test]
async fn an_audit_trail_that_was_tampered_with_is_found() {
    let mut town = Town::open().await;
    let school = town.school(ZANDLOPER).await;
    let noor = Person::sign_in(&town.site, "noor").await;
    town.post(&school, &[eve::contact_with_malware(eve::just_now(), 2_000_402, "10.20.4.37")]).await;
    eventually("a case", async || noor.cases_of(&school.id).await.unwrap().into_iter().next()).await;

    let running = verify(&town.site).await;
    assert_eq!(running.code, Some(0), "{running:?}");
    assert!(running.stdout.contains("every chain is intact") && !running.stdout.contains("BROKEN"), "{}", running.stdout);
    town.process.terminate();
    town.process.end().await;

    let file = town.site.data_dir().join("incident-intake.db");
    assert!(file.is_file());
    let database = sea_orm::Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
    let refused = database.execute_unprepared("UPDATE audit_log SET actor = 'somebody else' WHERE seq = 1").await.unwrap_err();
    assert!(refused.to_string().contains("audit rows are never changed"), "{refused}");
    database.execute_unprepared("DROP TRIGGER audit_log_no_update").await.unwrap();
    let changed = database.execute_unprepared("UPDATE audit_log SET actor = 'somebody else' WHERE seq = 1").await.unwrap();
    assert_eq!(changed.rows_affected(), 1);
    database.close().await.unwrap();

    let tampered = verify(&town.site).await;
    assert_eq!(tampered.code, Some(1), "{tampered:?}");
    let broken: Vec<&str> = tampered.stdout.lines().filter(|line| line.starts_with("BROKEN")).collect();
    assert_eq!(broken.len(), 1, "{}", tampered.stdout);
    assert!(
        broken[0].starts_with("BROKEN  incident-intake  school:") && broken[0].ends_with("row 1: changed after it was written: actor"),
        "{}",
        broken[0]
    );

    // Of the last checkpoint, made when the process stopped: nothing was written after it.
    let said = town.site.run(&["audit", "verify", "--json", "--data-dir", &town.site.data_dir().display().to_string()]).await.stdout;
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let chains: Vec<&Value> = lines.iter().filter(|line| line.get("chain").is_some()).collect();
    assert!(chains.len() > 2 && chains.iter().all(|chain| chain["rows"] == chain["proven"]), "{said}");
}

#[tokio::test]
async fn an_audit_trail_that_was_removed_whole_is_found_by_its_checkpoints() {
    let mut town = Town::open().await;
    let school = town.school(ZANDLOPER).await;
    town.process.terminate();
    town.process.end().await;
    let file = town.site.data_dir().join("identity.db");
    let database = sea_orm::Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
    for statement in [
        "DROP TRIGGER audit_log_no_delete".to_owned(),
        "DROP TRIGGER audit_head_no_delete".to_owned(),
        format!("DELETE FROM audit_log WHERE chain = 'school:{}'", school.id),
        format!("DELETE FROM audit_head WHERE chain = 'school:{}'", school.id),
    ] {
        database.execute_unprepared(&statement).await.unwrap();
    }
    database.close().await.unwrap();
    let removed = verify(&town.site).await;
    assert_eq!(removed.code, Some(1), "{removed:?}");
    let broken: Vec<&str> = removed.stdout.lines().filter(|line| line.starts_with("BROKEN")).collect();
    assert_eq!(broken.len(), 1, "{}", removed.stdout);
    assert!(broken[0].contains(&school.id) && broken[0].contains("the whole chain was removed, checkpoint"), "{}", broken[0]);

    std::fs::remove_file(town.site.data_dir().join("audit/identity.checkpoints")).unwrap();
    let unproven = verify(&town.site).await;
    assert_eq!(unproven.code, Some(1), "{unproven:?}");
    assert!(unproven.stdout.contains("BROKEN  identity  checkpoints  no checkpoint"), "{}", unproven.stdout);
}

#[tokio::test]
async fn a_restored_backup_is_accepted_with_the_key_and_named_from_then_on() {
    let mut town = Town::open().await;
    let school = town.school(ZANDLOPER).await;
    let data_dir = town.site.data_dir().display().to_string();
    let accept_backup_of = async |site: &Site, moment: &str| {
        let reason = "backup of yesterday, disk failed";
        let arguments = ["audit", "accept", "--service", "identity", "--backup-of", moment, "--reason", reason, "--data-dir", &data_dir];
        site.run(&arguments).await
    };
    let accept = async |site: &Site| accept_backup_of(site, "2000-01-01T00:00:00Z").await;
    let running = accept(&town.site).await.complaint();
    assert!(running.contains("stop the service first"), "{running}");
    town.process.terminate();
    town.process.end().await;
    let nothing = accept(&town.site).await.complaint();
    assert!(nothing.contains("there is no restore to accept"), "{nothing}");

    // As in a backup from before the school.
    let file = town.site.data_dir().join("identity.db");
    let database = sea_orm::Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
    for statement in [
        "DROP TRIGGER audit_log_no_delete".to_owned(),
        "DROP TRIGGER audit_head_no_delete".to_owned(),
        format!("DELETE FROM audit_log WHERE chain = 'school:{}'", school.id),
        format!("DELETE FROM audit_head WHERE chain = 'school:{}'", school.id),
    ] {
        database.execute_unprepared(&statement).await.unwrap();
    }
    database.close().await.unwrap();
    let key = town.site.data_dir().join("audit/signing-key.pem");
    let pem = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let without_the_key = accept(&town.site).await.complaint();
    assert!(without_the_key.contains("audit.signing_key"), "{without_the_key}");
    std::fs::copy(town.site.file("key.pem", pem), &key).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();

    assert_eq!(verify(&town.site).await.code, Some(1), "before it is accepted");
    let younger_backup = accept_backup_of(&town.site, "2999-01-01T00:00:00Z").await.complaint();
    assert!(younger_backup.contains(&school.id) && younger_backup.contains("before that backup was made"), "{younger_backup}");
    let accepted = accept(&town.site).await;
    let rows = format!("identity  school:{}  rows 1 to ", school.id);
    assert!(accepted.code == Some(0) && accepted.stdout.contains(&format!("accepted  {rows}")), "{accepted:?}");
    assert!(accepted.stderr.contains("restore_accepted") && accepted.stderr.contains("audit:identity"), "{accepted:?}");
    let verified = verify(&town.site).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let noted = verified.stdout.lines().find(|line| line.starts_with(&format!("noted   {rows}"))).unwrap();
    assert!(noted.contains("gone with a restore, accepted 20") && noted.ends_with("backup of yesterday, disk failed"), "{noted}");
    let first = verified.stdout.lines().find(|line| line.contains("  identity  ")).unwrap();
    assert!(first.starts_with("noted   identity  checkpoints  restore of a backup of 2000-01-01T00:00:00Z, accepted 20"), "{first}");
    assert!(first.ends_with("backup of yesterday, disk failed"), "{first}");
}

#[tokio::test]
async fn an_auditor_verifies_with_the_public_key_alone() {
    let mut town = Town::open().await;
    let data_dir = town.site.data_dir();
    let key = town.site.run(&["audit", "key", "--data-dir", &data_dir.display().to_string()]).await.ok();
    town.process.terminate();
    town.process.end().await;
    std::fs::remove_file(data_dir.join("audit/signing-key.pem")).unwrap();
    let without = verify(&town.site).await;
    assert!(without.code == Some(1) && without.stdout.contains("a key that is not trusted"), "{without:?}");
    let config = town.site.file("auditor.toml", format!("audit.trusted_keys = [\"{}\"]\n", key.trim()));
    let arguments = ["audit", "verify", "--config", &config.display().to_string(), "--data-dir", &data_dir.display().to_string()];
    let with = town.site.run(&arguments).await;
    assert_eq!(with.code, Some(0), "{with:?}");
}

#[tokio::test]
async fn a_gateway_is_enrolled_and_listed_by_what_people_know_of_a_school() {
    let town = Town::shared().await;
    let said = town.site.operate(&["gateways", "enrol", "--school", "990106", "--name", "Serverlokaal"]).await.ok();
    let id = said.lines().find_map(|line| line.strip_prefix("gateway        ")).unwrap();
    let listed = town.site.operate(&["gateways", "list", "--school", "990106"]).await.ok();
    let line = listed.lines().find(|line| line.starts_with(id)).unwrap_or_else(|| panic!("{listed}"));
    assert!(line.contains("990106 Technisch Instituut Sint-Barbara, Genk") && line.ends_with("Serverlokaal"), "{line}");
    assert!(listed.lines().all(|line| line.contains("990106")), "{listed}");

    let unknown = town.site.operate(&["gateways", "enrol", "--school", "990999", "--name", "Nergens"]).await.complaint();
    assert!(unknown.contains("no school with the number 990999"), "{unknown}");
    let nonsense = town.site.operate(&["gateways", "list", "--school", "de zandloper"]).await.complaint();
    assert!(nonsense.contains("institution number"), "{nonsense}");
}

#[tokio::test]
async fn a_machine_gets_its_secret_for_a_code_into_a_file_of_its_own() {
    let town = Town::shared().await;
    let said = town.site.operate(&["gateways", "enrol", "--school", "990106", "--name", "Refter", "--code"]).await.ok();
    assert!(!said.contains("client secret  "), "{said}");
    let code = said.lines().find_map(|line| line.strip_prefix("code       ")).unwrap();
    let (url, file) = (town.site.url("/"), town.site.data_dir().join("school").join("gateway.env"));
    let redeem = async |url: &str, to: &str| town.site.run(&["gateways", "redeem", code, "--url", url, "--to", to]).await;
    let in_clear = redeem("http://schildwacht.example/", &file.display().to_string()).await.complaint();
    assert!(in_clear.contains("in clear") && in_clear.contains("--mesh"), "{in_clear}");
    let nowhere = redeem(&url, "/dev/null/gateway.env").await.complaint();
    assert!(nowhere.contains("the code is not used yet"), "{nowhere}");

    redeem(&url, &file.display().to_string()).await.ok();

    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    let value =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(value("SCHILDWACHT_TOKEN_URL"), town.token_url());
    assert!(value("SCHILDWACHT_ENDPOINT").starts_with("http://127.0.0.1:"));
    town.machine_token(value("SCHILDWACHT_CLIENT_ID"), value("SCHILDWACHT_CLIENT_SECRET")).await.unwrap();
    let used = redeem(&url, &file.display().to_string()).await.complaint();
    assert!(used.contains("ask the school for a new one"), "{used}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "the file is as it was");

    let gateway = value("SCHILDWACHT_CLIENT_ID");
    let said = town.site.operate(&["gateways", "rotate", gateway, "--code"]).await.ok();
    assert!(said.contains("schildwacht gateways redeem ") && !said.contains(code), "{said}");
    town.machine_token(gateway, value("SCHILDWACHT_CLIENT_SECRET")).await.unwrap();
}

#[tokio::test]
async fn schools_are_listed_and_found_by_what_people_know_of_them() {
    let town = Town::shared().await;
    let all = town.site.operate(&["schools", "list"]).await.ok();
    assert!(all.lines().count() > 1, "{all}");
    let found = town.site.operate(&["schools", "list", "--query", "genk", "--json"]).await.ok();
    let schools: Vec<serde_json::Value> = found.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!schools.is_empty() && schools.iter().all(|school| school["municipality"] == "Genk"), "{found}");
    let id = schools[0]["school_id"].as_str().unwrap();
    assert!(all.lines().any(|line| line.contains(id) && line.contains(schools[0]["name"].as_str().unwrap())), "{all}");
}

async fn verify(site: &Site) -> crate::site::Outcome {
    site.run(&["audit", "verify", "--data-dir", &site.data_dir().display().to_string()]).await
}

#[tokio::test]
async fn nothing_to_verify_is_said() {
    let complaint = verify(&Site::new()).await.complaint();
    assert!(complaint.contains("nothing to verify"), "{complaint}");
}

#[tokio::test]
async fn commands_say_when_no_system_is_there() {
    let complaint = Site::new().operate(&["gateways", "list"]).await.complaint();
    assert!(complaint.contains("no secret for schildwacht-cli") && complaint.contains("--data-dir"), "{complaint}");
    let town = Town::shared().await;
    let elsewhere = Site::new().url("");
    let data_dir = town.site.data_dir().display().to_string();
    let complaint = town.site.run(&["gateways", "list", "--data-dir", &data_dir, "--at", &elsewhere]).await.complaint();
    assert!(complaint.contains("is it running?"), "{complaint}");
}
