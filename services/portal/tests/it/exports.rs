//! Lists as files.

use crate::support::{
    Town, people,
    world::{World, ZANDLOPER},
};

#[tokio::test]
async fn the_file_has_the_rows_of_the_list_without_its_pages() {
    let mut world = World::sample(crate::support::this_morning());
    let sample = world.cases[0].clone();
    for number in 0..450_u32 {
        let mut case = sample.clone();
        case.case_id = format!("0190c0de-0000-7000-8000-0000000{number:05}");
        world.cases.push(case);
    }
    let town = Town::with(world).await;
    let mut noor = town.browser_of(&people::noor()).await;
    let file = noor.get("/wachtrij/export.json?ernst=very_high&na=50").await;
    assert!(file.header("content-disposition").contains("zaken.json"));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&file.text).unwrap();
    assert_eq!(rows.len(), 451);
    assert_eq!((&rows[0]["severity"], &rows[0]["phase"]), (&"very_high".into(), &"open".into()));
}

#[tokio::test]
async fn a_list_too_long_for_a_file_says_so_on_the_page_and_in_the_files_name() {
    let mut world = World::sample(crate::support::this_morning());
    let sample = world.devices[0].clone();
    for number in 0..10_000_u32 {
        let mut device = sample.clone();
        device.device_id = format!("0190c0de-0000-7000-8000-00000001{number:04}");
        world.devices.push(device);
    }
    let town = Town::with(world).await;
    let mut karim = town.browser_of(&people::karim()).await;
    let list = format!("/scholen/{ZANDLOPER}/toestellen");
    assert!(karim.follow(&list).await.text.contains("de eerste 10\u{a0}000 van 10\u{a0}009 rijen"));
    let file = karim.get(&format!("{list}/export.json")).await;
    assert!(file.header("content-disposition").contains("toestellen-eerste-10000.json"), "{}", file.header("content-disposition"));
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&file.text).unwrap().len(), 10_000);
    assert!(!karim.follow(&format!("{list}?zoek=ipad")).await.text.contains("de eerste"));
}

#[tokio::test]
async fn a_spreadsheet_calculates_nothing_of_ours() {
    let mut world = World::sample(crate::support::this_morning());
    for (device, name) in world.devices.iter_mut().zip(["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)"]) {
        device.names[0].value = name.to_owned();
    }
    let town = Town::with(world).await;
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
    insta::assert_snapshot!(file.text.trim_start_matches('\u{feff}'));
}
