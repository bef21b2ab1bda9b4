//! Lists as files.

use crate::support::{
    Town, people,
    sample::{GATEWAY, GATEWAY_OF_HOEK, HOEK, ZANDLOPER},
    telemetry::{self, RANSOMWARE, Rule},
};

#[tokio::test]
async fn the_file_has_the_rows_of_the_list_without_its_pages() {
    let town = Town::new().await;
    let now = town.world.clock.now();
    // A case for each rule.
    let lines: String = (0..450).map(|id| telemetry::alert(now, &Rule { id, ..RANSOMWARE }, "10.30.0.7", "203.0.113.9")).collect();
    town.world.hear(HOEK.id(), GATEWAY_OF_HOEK.id(), &lines).await;
    let mut noor = town.browser_of(&people::noor()).await;
    let file = noor.get("/wachtrij/export.json?ernst=very_high&na=50").await;
    assert!(file.header("content-disposition").contains("incidenten.json"));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&file.text).unwrap();
    assert_eq!(rows.len(), 451);
    assert_eq!((&rows[0]["severity"], &rows[0]["phase"]), (&"very_high".into(), &"open".into()));
}

#[tokio::test]
async fn a_list_too_long_for_a_file_says_so_on_the_page_and_in_the_files_name() {
    let town = Town::new().await;
    let now = town.world.clock.now();
    let lease = |number: u32| {
        let [_, _, high, low] = number.to_be_bytes();
        telemetry::lease(now, &format!("00:1b:21:20:{high:02x}:{low:02x}"), &format!("10.99.{high}.{low}"), &format!("PC-{number}"))
    };
    for post in 0..4 {
        let lines: String = (post * 2_500..(post + 1) * 2_500).map(lease).collect();
        town.world.hear(ZANDLOPER.id(), GATEWAY.id(), &lines).await;
    }
    let mut karim = town.browser_of(&people::karim()).await;
    let list = format!("/scholen/{ZANDLOPER}/toestellen");
    let page = karim.follow(&list).await.text;
    assert!(page.contains("de eerste 10\u{a0}000 van 10\u{a0}010 rijen"), "{page}");
    let file = karim.get(&format!("{list}/export.json")).await;
    assert!(file.header("content-disposition").contains("toestellen-eerste-10000.json"), "{}", file.header("content-disposition"));
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&file.text).unwrap().len(), 10_000);
    assert!(!karim.follow(&format!("{list}?zoek=ipad")).await.text.contains("de eerste"));
}

#[tokio::test]
async fn a_spreadsheet_calculates_nothing_of_ours() {
    let town = Town::new().await;
    let names = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)"];
    let lease = |(number, name)| telemetry::lease(town.world.clock.now(), &format!("00:1b:21:30:00:0{number}"), "10.20.5.1", name);
    let lines: String = names.into_iter().enumerate().map(lease).collect();
    town.world.hear(ZANDLOPER.id(), GATEWAY.id(), &lines).await;
    let mut karim = town.browser_of(&people::karim()).await;
    let file = karim.get(&format!("/scholen/{ZANDLOPER}/toestellen/export.csv")).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let text = file.text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
    let names: Vec<String> = reader.records().map(|row| row.unwrap()[1].to_owned()).take(4).collect();
    assert_eq!(names, ["'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(A1)"]);
}

#[tokio::test]
async fn the_queue_as_a_file() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let file = noor.get("/wachtrij/export.csv?weergave=niemand").await;
    insta::assert_snapshot!(file.steady().trim_start_matches('\u{feff}'));
}
