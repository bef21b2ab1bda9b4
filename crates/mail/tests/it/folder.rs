//! One machine: mail becomes files.

use std::os::unix::fs::PermissionsExt as _;

use schildwacht_mail::Progress;
use testkit::{Store, TestDatabase};

use crate::world::{World, into, mail_to};

#[tokio::test]
async fn a_mail_in_a_folder_is_a_file_of_its_own_that_only_this_account_can_read() {
    let world = World::new(TestDatabase::new(Store::Sqlite).await.unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("mail");
    let (id, other) = (world.queue(&mail_to("jan@school.example")).await, world.queue(&mail_to("an@school.example")).await);
    world.send_all(&world.sender_with(into(&place))).await;
    assert!(matches!(world.progress(id).await, Progress::Sent { .. }));
    let file = place.join(format!("{id}.eml"));
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains(&format!("Message-ID: <{id}@example.org>\r\n")) && written.contains("/u/geheim"), "{written}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);
    assert!(place.join(format!("{other}.eml")).is_file());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_loses_no_mail() {
    let world = World::new(TestDatabase::new(Store::Sqlite).await.unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("mail");
    std::fs::write(&place, "in the way").unwrap();
    let (id, sender) = (world.queue(&mail_to("jan@school.example")).await, world.sender_with(into(&place)));
    world.send_all(&sender).await;
    assert!(world.waiting(id).await.1.starts_with("folder_unusable: "));
    std::fs::remove_file(&place).unwrap();
    world.clock.advance(crate::world::AFTER_THE_LEASE);
    world.send_all(&sender).await;
    assert!(place.join(format!("{id}.eml")).is_file());
}
