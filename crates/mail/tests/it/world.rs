//! A service that queues mail, its replicas that send it, and the mail server.

use std::path::Path;

use auth::{Context, Principal};
use chrono::TimeDelta;
use runtime::{Clock, Ids, Line, ManualClock, Words, config::Secret};
use schildwacht_mail::{AddMail, Mail, MailConfig, MailId, Mailer, Progress, Recipient, Sender, SmtpConfig, Tls};
use sea_orm::{ConnectionTrait as _, QueryResult, Statement};
use storage::{Database, migrate::MigrationTrait};
use testkit::TestDatabase;

use crate::server::Server;

pub const FROM: &str = "Schildwacht <schildwacht@example.org>";
/// Longer than the lease of a mail, and shorter than the time after which it is given up.
pub const AFTER_THE_LEASE: TimeDelta = TimeDelta::hours(3);

pub struct World {
    pub database: Database,
    pub clock: ManualClock,
    pub server: Server,
    context: Context,
    _test_database: TestDatabase,
}

impl World {
    pub async fn new(test_database: TestDatabase) -> Self {
        let migrations: Vec<Box<dyn MigrationTrait>> = vec![Box::new(AddMail)];
        let database = test_database.migrated(migrations).await;
        let clock = ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap());
        let context = testkit::context(Principal::service("test"), clock.clone());
        Self { database, clock, server: Server::start().await, context, _test_database: test_database }
    }

    pub async fn queue(&self, mail: &Mail) -> MailId {
        let txn = self.database.begin().await.unwrap();
        let id = schildwacht_mail::queue(&txn, &self.context, mail).await.unwrap();
        txn.commit().await.unwrap();
        id
    }

    pub async fn queue_and_roll_back(&self, mail: &Mail) {
        let txn = self.database.begin().await.unwrap();
        schildwacht_mail::queue(&txn, &self.context, mail).await.unwrap();
        txn.roll_back().await.unwrap();
    }

    /// A replica that hands mail to the server of this world.
    pub fn sender(&self) -> Sender {
        self.sender_to(&smtp(&self.server))
    }

    pub fn sender_to(&self, smtp: &SmtpConfig) -> Sender {
        self.sender_with(Mailer::open(&config(Some(smtp)), None).unwrap())
    }

    pub fn sender_with(&self, mailer: Mailer) -> Sender {
        let clock: Clock = self.clock.clone().into();
        Sender { service: "test", database: self.database.clone(), mailer, ids: Ids::random(clock.clone()), clock }
    }

    /// Sends whatever is due.
    pub async fn send_all(&self, sender: &Sender) {
        while sender.send_next().await.unwrap() {}
    }

    pub async fn progress(&self, id: MailId) -> Progress {
        schildwacht_mail::progress(self.database.reader(), id).await.unwrap().expect("a row of this mail")
    }

    /// All that the table holds, in one text.
    pub async fn text_of_table(&self) -> String {
        let all = Statement::from_string(
            self.database.backend(),
            "SELECT to_address, subject, COALESCE(text, ''), COALESCE(html, ''), problem FROM mail",
        );
        let rows = self.database.reader().query_all_raw(all).await.unwrap();
        let column = |row: &QueryResult, index| row.try_get_by_index::<Option<String>>(index).unwrap().unwrap_or_default();
        rows.iter().map(|row| (0..5).map(|index| column(row, index)).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
    }

    /// Attempts at a mail that waits, and why the last one failed.
    pub async fn waiting(&self, id: MailId) -> (u32, String) {
        match self.progress(id).await {
            Progress::Waiting { attempts, problem } => (attempts, problem.unwrap_or_default()),
            other => panic!("not waiting: {other:?}"),
        }
    }
}

pub fn config(smtp: Option<&SmtpConfig>) -> MailConfig {
    MailConfig { from: FROM.to_owned(), folder: None, smtp: smtp.cloned(), give_up_hours: 48 }
}

/// A server of this machine, spoken to in clear.
pub fn smtp(server: &Server) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".to_owned(),
        port: Some(server.address.port()),
        tls: Tls::None,
        user: String::new(),
        password: Secret::new(""),
        ca_file: None,
        timeout_seconds: testkit::PATIENCE.as_secs(),
    }
}

/// Into a folder.
pub fn into(folder: &Path) -> Mailer {
    Mailer::open(&config(None), Some(folder)).unwrap()
}

pub fn mail_to(address: &str) -> Mail {
    Mail {
        to: Recipient::new(Some(Line::parse("Jan Peeters").unwrap()), address).unwrap(),
        subject: Line::parse("Uitnodiging").unwrap(),
        text: Words::parse("U bent uitgenodigd.\n.\nhttps://schildwacht.example/u/geheim").unwrap(),
        html: None,
    }
}
