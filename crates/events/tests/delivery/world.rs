//! A service that publishes and one that consumes, over a real log, with every trouble at hand.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use proto::identity::v1::GatewayDirectoryEntry;
use runtime::{Clock, Ids, Shutdown, Tasks};
use schildwacht_events::{
    AddInbox, AddOutbox, Consumer, ConsumerConfig, Delivered, Envelope, EventLog, HandleError, Handler, LogError, LogHandle, Member,
    Position, Record, Rejected, Relay, SharedLog, Subscription, Tail, TailFrom, Topic, delivery::dead_letter, outbox,
};
use sea_orm::{ConnectionTrait as _, Statement, Value};
use storage::{
    Database, Page, Paging, Txn,
    migrate::{MigrationName, MigrationTrait, SchemaManager},
};
use testkit::{PATIENCE, TestDatabase, TestLog};

pub const CONSUMER: &str = "test-consumer";
pub const TOPIC: Topic = Topic::TestPlain;

/// A table in which each effect leaves a row.
struct AddEffects;

impl MigrationName for AddEffects {
    fn name(&self) -> &'static str {
        "m20260101_add_effects"
    }
}

#[async_trait]
impl MigrationTrait for AddEffects {
    async fn up(&self, manager: &SchemaManager) -> Result<(), sea_orm::DbErr> {
        manager.get_connection().execute_unprepared("CREATE TABLE effect (text TEXT NOT NULL)").await.map(drop)
    }
}

pub struct World {
    pub database: Database,
    pub log: Arc<UnreliableLog>,
    pub clock: Clock,
    pub ids: Ids,
    pub tasks: Tasks,
    pub settings: ConsumerConfig,
    _test_database: TestDatabase,
    _log: TestLog,
}

impl World {
    pub async fn new(test_database: TestDatabase) -> Self {
        let migrations: Vec<Box<dyn MigrationTrait>> = vec![
            Box::new(AddOutbox),
            Box::new(AddInbox),
            Box::new(AddEffects),
            Box::new(storage::audit::AddAuditTrail),
            Box::new(storage::retention::AddHolds),
        ];
        let database = test_database.migrated(migrations).await;
        let log = TestLog::beside(&test_database, &Topic::TEST).await;
        let clock = Clock::system();
        Self {
            database,
            log: Arc::new(UnreliableLog { inner: log.share(), trouble: Mutex::default(), reading: Arc::default() }),
            ids: Ids::random(clock.clone()),
            clock,
            tasks: Tasks::new(),
            settings: ConsumerConfig { partitions: 1, ..ConsumerConfig::default() },
            _test_database: test_database,
            _log: log,
        }
    }

    pub fn shared_log(&self) -> SharedLog {
        Arc::clone(&self.log) as SharedLog
    }

    pub fn event(&self, key: &str, text: &str) -> Envelope {
        let entry = GatewayDirectoryEntry { gateway_id: text.to_owned(), school_id: key.to_owned(), state: 0 };
        Envelope::new(self.ids.next(), self.clock.now(), "test", key, &entry)
    }

    /// Publishes events through the outbox, in one transaction.
    pub async fn commit_events(&self, events: Vec<Envelope>) {
        let txn = self.database.begin().await.unwrap();
        for event in events {
            outbox::add(&txn, TOPIC, event).await.unwrap();
        }
        txn.commit().await.unwrap();
    }

    /// Puts events into the log, past the outbox.
    pub async fn append(&self, events: Vec<Envelope>) {
        let records = events.into_iter().map(Envelope::into_record).collect();
        self.log.inner.append(TOPIC, records).await.unwrap();
    }

    /// Starts the relay; the answer stops it alone.
    pub fn start_relay(&self) -> Shutdown {
        let relay =
            Relay { service: "test", database: self.database.clone(), log: LogHandle(self.shared_log()), clock: self.clock.clone() };
        let shutdown = Shutdown::default();
        self.tasks.spawn("relay", relay.run(shutdown.clone()));
        shutdown
    }

    fn consumer(&self, handler: Arc<TestHandler>) -> Consumer<TestHandler> {
        Consumer {
            name: CONSUMER,
            topics: &[TOPIC],
            max_batch: 50,
            settings: self.settings,
            database: self.database.clone(),
            log: LogHandle(self.shared_log()),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            handler,
        }
    }

    /// Starts a consumer; the answer stops it alone.
    pub fn start_consumer(&self, handler: Arc<TestHandler>) -> Shutdown {
        let shutdown = Shutdown::default();
        for member in self.consumer(handler).members() {
            self.tasks.spawn("consumer", member.run(shutdown.clone()));
        }
        shutdown
    }

    /// Starts the members of one consumer; each answer stops one of them.
    pub fn start_members(&self, handler: Arc<TestHandler>) -> Vec<Shutdown> {
        let start = |member: Member<TestHandler>| {
            let shutdown = Shutdown::default();
            self.tasks.spawn("consumer", member.run(shutdown.clone()));
            shutdown
        };
        self.consumer(handler).members().into_iter().map(start).collect()
    }

    /// Runs a consumer until its process dies, as its handler says, or is killed from outside: nothing more of it runs. Answers whether it died,
    /// or `false` when everything was done.
    pub async fn run_until_death(&self, handler: Arc<TestHandler>) -> bool {
        tokio::select! {
            () = self.run_until_it_dies(handler) => true,
            () = self.until_all_is_done() => false,
        }
    }

    /// As [`run_until_death`](Self::run_until_death), of a process that surely dies.
    pub async fn run_until_it_dies(&self, handler: Arc<TestHandler>) {
        let shutdown = Shutdown::default();
        let members = self.consumer(Arc::clone(&handler)).members().into_iter().map(|member| member.run(shutdown.clone()));
        tokio::select! {
            () = handler.died.notified() => {}
            _ = futures::future::join_all(members) => unreachable!("nobody stops it"),
        }
    }

    /// Texts of all effects, in the order of the alphabet.
    pub async fn effects(&self) -> Vec<String> {
        self.texts("SELECT text FROM effect ORDER BY text").await
    }

    pub async fn texts(&self, query: &str) -> Vec<String> {
        let statement = Statement::from_string(self.database.backend(), query);
        let rows = self.database.reader().query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect()
    }

    pub async fn count(&self, table: &str) -> u64 {
        let statement = Statement::from_string(self.database.backend(), format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}"));
        let row = self.database.reader().query_one_raw(statement).await.unwrap().unwrap();
        u64::try_from(row.try_get_by_index::<i64>(0).unwrap()).unwrap()
    }

    /// Waits until a table has so many rows and the group has done everything.
    pub async fn until_rows(&self, table: &str, rows: u64) {
        self.until(&format!("{rows} rows in {table}"), async || self.count(table).await == rows).await;
    }

    pub async fn until_all_is_done(&self) {
        self.until("all records are done", async || self.log.inner.lag(CONSUMER, &[TOPIC]).await.unwrap() == 0).await;
    }

    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds().await {
            assert!(Instant::now() < deadline, "waited in vain: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Everything in the log, by key, as texts in order.
    pub async fn published(&self) -> BTreeMap<Bytes, Vec<String>> {
        let mut tail = self.log.inner.tail(TOPIC, TailFrom::Start).await.unwrap();
        let mut by_key: BTreeMap<Bytes, Vec<String>> = BTreeMap::new();
        while !tail.caught_up() {
            for delivered in tail.next(100, Duration::from_secs(1)).await.unwrap() {
                by_key.entry(delivered.record.key.clone()).or_default().push(text(&delivered).unwrap());
            }
        }
        by_key
    }

    pub async fn letters(&self) -> Vec<dead_letter::Listed> {
        self.page_of_letters(CONSUMER, &dead_letter::Filter::default(), 100, String::new()).await.rows
    }

    pub async fn page_of_letters(
        &self,
        consumer: &str,
        filter: &dead_letter::Filter,
        size: i32,
        token: String,
    ) -> Page<dead_letter::Listed> {
        let paging = Paging::begin(&(), &(size, token).into()).unwrap();
        dead_letter::list(&self.database, consumer, filter, &paging).await.unwrap()
    }

    /// Stops everything and sees that it ends.
    pub async fn stop(self, shutdowns: &[Shutdown]) {
        shutdowns.iter().for_each(Shutdown::request);
        self.tasks.drain(PATIENCE).await.unwrap();
    }
}

fn text(delivered: &Delivered) -> Result<String, HandleError> {
    Ok(Envelope::from_record(&delivered.record)?.decode::<GatewayDirectoryEntry>()?.gateway_id)
}

/// What an append suffers next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It does not happen.
    Away,
    /// It happens, but its caller does not hear of it, as when that crashes in between.
    Unheard,
}

/// A log with troubles to come.
pub struct UnreliableLog {
    pub inner: SharedLog,
    trouble: Mutex<Vec<Trouble>>,
    /// How often members of a group still fail to receive, commit and rewind.
    pub reading: Arc<ReadingTroubles>,
}

#[derive(Default)]
pub struct ReadingTroubles {
    pub next: AtomicUsize,
    pub commit: AtomicUsize,
    pub rewind: AtomicUsize,
}

fn suffer(left: &AtomicUsize) -> Result<(), LogError> {
    match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
        Ok(_) => Err(LogError::Unavailable { reason: "trouble".to_owned() }),
        Err(_) => Ok(()),
    }
}

struct UnreliableSubscription {
    inner: Box<dyn Subscription>,
    troubles: Arc<ReadingTroubles>,
}

#[async_trait]
impl Subscription for UnreliableSubscription {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivered>, LogError> {
        suffer(&self.troubles.next)?;
        self.inner.next(max, wait).await
    }

    fn take_revoked(&mut self) -> Vec<(Topic, i32)> {
        self.inner.take_revoked()
    }

    async fn commit(&mut self, done: &[Position]) -> Result<(), LogError> {
        suffer(&self.troubles.commit)?;
        self.inner.commit(done).await
    }

    async fn rewind(&mut self) -> Result<(), LogError> {
        suffer(&self.troubles.rewind)?;
        self.inner.rewind().await
    }
}

impl UnreliableLog {
    pub fn expect(&self, trouble: Trouble, times: usize) {
        self.trouble.lock().unwrap().extend(std::iter::repeat_n(trouble, times));
    }

    pub fn troubles_left(&self) -> usize {
        self.trouble.lock().unwrap().len()
    }
}

#[async_trait]
impl EventLog for UnreliableLog {
    async fn ensure_topics(&self, topics: &[Topic]) -> Result<(), LogError> {
        self.inner.ensure_topics(topics).await
    }

    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        let trouble = self.trouble.lock().unwrap().pop();
        if trouble != Some(Trouble::Away) {
            let positions = self.inner.append(topic, records).await?;
            if trouble.is_none() {
                return Ok(positions);
            }
        }
        Err(LogError::Unavailable { reason: "trouble".to_owned() })
    }

    async fn subscribe(&self, group: &str, topics: &[Topic]) -> Result<Box<dyn Subscription>, LogError> {
        let inner = self.inner.subscribe(group, topics).await?;
        Ok(Box::new(UnreliableSubscription { inner, troubles: Arc::clone(&self.reading) }))
    }

    async fn tail(&self, topic: Topic, from: TailFrom) -> Result<Box<dyn Tail>, LogError> {
        self.inner.tail(topic, from).await
    }

    async fn lag(&self, group: &str, topics: &[Topic]) -> Result<u64, LogError> {
        self.inner.lag(group, topics).await
    }

    async fn check(&self) -> Result<(), LogError> {
        self.inner.check().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

/// Does what the text of an event says: `poison: …` is refused, `away` fails until it no longer is, `parts: a b !c` takes in
/// what has no exclamation mark, `hang` never comes back, `spin` never yields, `panic` panics, `die` ends the process, everything else leaves an
/// effect.
#[derive(Default)]
pub struct TestHandler {
    /// How often `away` still fails.
    pub away: AtomicUsize,
    /// Nothing is poison any more.
    pub lenient: std::sync::atomic::AtomicBool,
    /// A batch is full after each record.
    pub one_at_a_time: std::sync::atomic::AtomicBool,
    /// How often a record was given to the handler.
    pub handled: AtomicUsize,
    pub traces: Mutex<Vec<String>>,
    /// What was given to it, in order.
    pub texts: Mutex<Vec<String>>,
    /// Nothing can be processed now.
    pub unavailable: std::sync::atomic::AtomicBool,
    /// The tasks in which it worked.
    pub members: Mutex<std::collections::HashSet<tokio::task::Id>>,
    /// The schools that were told that letters gave way, and how many.
    pub told: Mutex<Vec<(Bytes, u64)>>,
    /// How often telling still fails.
    pub deaf: AtomicUsize,
    /// The process ends.
    pub died: tokio::sync::Notify,
}

impl Handler for TestHandler {
    type Batch = Vec<String>;

    fn read(&self, _batch: &mut Vec<String>, delivered: &Delivered) -> Result<Vec<Rejected>, HandleError> {
        while text(delivered).is_ok_and(|text| text == "spin") && !self.lenient.load(Ordering::Relaxed) {
            std::thread::park_timeout(Duration::from_millis(10));
        }
        Ok(Vec::new())
    }

    fn is_full(&self, _batch: &Vec<String>) -> bool {
        self.one_at_a_time.load(Ordering::Relaxed)
    }

    async fn handle(&self, txn: &Txn, batch: &mut Vec<String>, delivered: &Delivered) -> Result<Vec<Rejected>, HandleError> {
        self.handled.fetch_add(1, Ordering::Relaxed);
        self.traces.lock().unwrap().extend(runtime::telemetry::current_trace_headers().remove("traceparent"));
        let text = text(delivered)?;
        self.texts.lock().unwrap().push(text.clone());
        self.members.lock().unwrap().extend(tokio::task::try_id());
        if self.unavailable.load(Ordering::Relaxed) {
            return Err(HandleError::Transient("the neighbour is unavailable".into()));
        }
        let lenient = self.lenient.load(Ordering::Relaxed);
        if let Some(why) = text.strip_prefix("poison: ").filter(|_| !lenient) {
            // What it did before it failed must be undone.
            effect(txn, "never seen").await?;
            return Err(HandleError::poison("test_poison", why));
        }
        if text == "away" && self.away.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            effect(txn, "never seen").await?;
            return Err(HandleError::Transient("the neighbour is unavailable".into()));
        }
        if !lenient {
            match text.as_str() {
                "hang" => std::future::pending().await,
                "panic" => panic!("a bug"),
                "die" => {
                    self.died.notify_one();
                    std::future::pending().await
                }
                _ => {}
            }
        }
        let Some(parts) = text.strip_prefix("parts: ") else {
            batch.push(text);
            return Ok(Vec::new());
        };
        let (bad, good): (Vec<&str>, Vec<&str>) = parts.split(' ').partition(|part| part.starts_with('!') && !lenient);
        batch.extend(good.into_iter().map(ToOwned::to_owned));
        let rejected = bad.into_iter().map(|part| {
            let entry = GatewayDirectoryEntry { gateway_id: format!("parts: {part}"), ..Default::default() };
            let value = Bytes::from(prost::Message::encode_to_vec(&entry));
            let record = Record { value: Some(value), ..delivered.record.clone() };
            Rejected { record, reason: "test_part", detail: part.to_owned() }
        });
        Ok(rejected.collect())
    }

    async fn letters_gave_way(&self, txn: &Txn, key: &[u8], letters: u64) -> Result<(), HandleError> {
        effect(txn, &format!("told {letters}")).await?;
        if self.deaf.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(HandleError::Transient("nobody listens".into()));
        }
        self.told.lock().unwrap().push((Bytes::copy_from_slice(key), letters));
        Ok(())
    }

    async fn finish(&self, txn: &Txn, batch: &mut Vec<String>) -> Result<(), HandleError> {
        for text in batch {
            effect(txn, text).await?;
        }
        Ok(())
    }
}

async fn effect(txn: &Txn, text: &str) -> Result<(), HandleError> {
    let insert = Statement::from_sql_and_values(txn.get_database_backend(), "INSERT INTO effect (text) VALUES ($1)", [Value::from(text)]);
    txn.execute_raw(insert).await.map_err(storage::StoreError::from)?;
    Ok(())
}
