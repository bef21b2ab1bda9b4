//! The demo's schools and gateways.

use schildwacht_identity::demo::gateways;
use testkit::on_both_stores;

use crate::world::{Setup, World};

on_both_stores! {
    async fn every_demo_school_has_a_gateway_that_gets_a_token(database: TestDatabase) {
        let world = World::start_with(&database, Setup::demo()).await.unwrap();
        let gateways = gateways(world.data_dir.path()).unwrap();
        assert_eq!(gateways.len(), 8);
        for gateway in gateways {
            world.token_of_client(&gateway.client_id, &gateway.client_secret).await.unwrap();
        }
        world.assert_audit_trail_is_intact().await;
    }

    async fn a_restart_changes_nothing_and_a_lost_file_is_made_anew(database: TestDatabase) {
        let world = World::start_with(&database, Setup::demo()).await.unwrap();
        let secrets = |world: &World| -> Vec<_> {
            gateways(world.data_dir.path()).unwrap().into_iter().map(|gateway| (gateway.gateway_id, gateway.client_secret)).collect()
        };
        let before = secrets(&world);
        let data_dir = world.stop().await;
        let again = World::start_with(&database, Setup { data_dir: Some(data_dir), ..Setup::demo() }).await.unwrap();
        assert_eq!(secrets(&again), before);

        let data_dir = again.stop().await;
        std::fs::remove_file(data_dir.path().join("demo/gateways.json")).unwrap();
        let third = World::start_with(&database, Setup { data_dir: Some(data_dir), ..Setup::demo() }).await.unwrap();
        let after = secrets(&third);
        let ids = |list: &[(_, String)]| list.iter().map(|(id, _)| *id).collect::<Vec<runtime::GatewayId>>();
        assert_eq!(ids(&after), ids(&before), "no second gateway for a school");
        for gateway in gateways(third.data_dir.path()).unwrap() {
            third.token_of_client(&gateway.client_id, &gateway.client_secret).await.unwrap();
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_their_owner_can_read_the_secrets() {
    use std::os::unix::fs::PermissionsExt as _;
    let (world, _database) = World::start_on_sqlite(Setup::demo()).await;
    let mut folders = vec![world.data_dir.path().join("demo"), world.data_dir.path().join("issuer")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            files += 1;
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", entry.path().display());
        }
    }
    assert_eq!(files, 5, "the demo's gateways, the signing key and three clients");
}
