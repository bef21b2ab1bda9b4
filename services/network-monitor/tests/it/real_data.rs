//! Real sensor files through the whole service, against counts computed from the files without it.

use std::collections::BTreeSet;

use testkit::on_both_stores;

use crate::{
    real_files::{lines, private, values},
    world::World,
};

on_both_stores! {
    async fn the_suricata_alerts_are_all_told(database: TestDatabase) {
        let Some(lines) = lines("suricata/wrccdc-2018-alerts.json") else { return };
        let events = values(&lines);
        let world = World::start(&database).await;
        for batch in lines.chunks(60) {
            let body = zstd::bulk::compress(batch.join("\n").as_bytes(), 3).unwrap();
            world.post_from(world.school, "application/x-ndjson", Some("zstd"), body).await;
        }
        let distinct: BTreeSet<(String, String, String)> = events
            .iter()
            .map(|event| (event["alert"]["signature_id"].to_string(), event["src_ip"].to_string(), event["dest_ip"].to_string()))
            .collect();
        let told = world.alert_events(distinct.len()).await;
        assert_eq!(told.len(), distinct.len());
        assert_eq!(told.iter().map(|(_, event)| event.new_events).sum::<i64>(), 207);
        assert_eq!(world.all_alerts().await.total_size, distinct.len() as i64);

        let mut present: BTreeSet<String> = BTreeSet::new();
        for event in &events {
            present.extend(private(&event["src_ip"]).map(|ip| ip.to_string()));
            let both_ways = ["pkts_toserver", "pkts_toclient"].iter().all(|side| event["flow"][side].as_i64().unwrap() > 0);
            present.extend(private(&event["dest_ip"]).filter(|_| both_ways).map(|ip| ip.to_string()));
        }
        assert_eq!(world.all_devices().await.into_keys().collect::<BTreeSet<_>>(), present);
    }

    async fn the_zeek_files_become_devices(database: TestDatabase) {
        let files = ["known_hosts", "known_services", "software", "notice"].map(|name| lines(&format!("zeek/{name}.json.gz")));
        let [Some(hosts), Some(services), Some(software), Some(notices)] = files else { return };
        let world = World::start(&database).await;
        let mut present: BTreeSet<String> = BTreeSet::new();
        for (lines, member) in [(hosts, "host"), (services, "host"), (software, "host"), (notices, "src")] {
            present.extend(values(&lines).iter().filter_map(|event| private(&event[member])).map(|ip| ip.to_string()));
            world.post(&lines.join("\n")).await;
        }
        assert_eq!(world.all_devices().await.into_keys().collect::<BTreeSet<_>>(), present);
    }
}
