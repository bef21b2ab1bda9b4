#![cfg(test)]
//! What a service queues is sent, once it says so where it is put together.

use auth::Principal;
use mail::{AddMail, Mail, MailConfig, Mailer, Recipient};
use runtime::{Clock, Line, Process, Words};
use schildwacht_service::{Parts, migrations};
use testkit::{Store, TestDatabase, TestIssuer, TestLog, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_sends_mail_sends_what_it_queues() {
    let test_database = TestDatabase::new(Store::Sqlite).await.unwrap();
    let database = test_database.migrated(migrations(vec![Box::new(AddMail)])).await;
    let (log, issuer) = (TestLog::of(Store::Sqlite, &[]).await, TestIssuer::start(Clock::system()).await);
    let folder = tempfile::tempdir().unwrap();
    let config = MailConfig { from: String::new(), folder: Some(folder.path().to_owned()), smtp: None, give_up_hours: 48 };
    let parts = Parts { mailer: Mailer::open(&config, None).unwrap(), ..testkit::parts(&database, &log, &issuer) };
    let process = Process::new(Clock::system());
    parts.begin("test", &process).send_mail();

    let mail = Mail {
        to: Recipient::new(None, "jan@school.example").unwrap(),
        subject: Line::parse("Uitnodiging").unwrap(),
        text: Words::parse("U bent uitgenodigd.").unwrap(),
        html: None,
    };
    let txn = database.begin().await.unwrap();
    let id = mail::queue(&txn, &testkit::context(Principal::service("test"), Clock::system()), &mail).await.unwrap();
    txn.commit().await.unwrap();
    let file = folder.path().join(format!("{id}.eml"));
    let written = eventually("the mail", async || std::fs::read_to_string(&file).ok()).await;
    assert!(written.contains("To: jan@school.example\r\n"), "{written}");

    process.tasks.shutdown().request();
    process.tasks.drain(testkit::PATIENCE).await.unwrap();
}
