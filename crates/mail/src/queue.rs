//! The table `mail`: what waits, who is at it, and what became of it.

use auth::Context;
use chrono::{DateTime, Utc};
use lettre::message::Mailbox;
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    sea_query::{Expr, ExprTrait as _, Func, LockBehavior, LockType, SimpleExpr},
};
use storage::{
    Database, StoreError, StoreResult, Txn,
    classified::ClassifiedTable,
    migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait, table},
    retention::{Aging, hold},
};
use uuid::Uuid;

use crate::{Mail, MailId, letter::Letter};

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub mail_id: Uuid,
        pub to_name: Option<String>,
        pub to_address: String,
        pub subject: String,
        /// Erased at the end.
        #[sea_orm(column_type = "Text", nullable)]
        pub text: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub html: Option<String>,
        pub state: String,
        pub queued_at: DateTimeUtc,
        /// When it is tried next; while it has a lease, when that ends.
        pub due_at: DateTimeUtc,
        /// Of the sender that is at it.
        pub lease: Option<Uuid>,
        pub attempts: i32,
        /// Why the last attempt failed.
        #[sea_orm(column_type = "Text", nullable)]
        pub problem: Option<String>,
        pub ended_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    storage::classified! { Mails {
        Internal: MailId, State, QueuedAt, DueAt, Lease, Attempts, Problem, EndedAt;
        Personal: ToName, ToAddress, Subject;
        Special: Text, Html;
    }}
}

use row::{ActiveModel, Column, Entity, Model};

/// The column `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
enum State {
    Waiting,
    Sent,
    GivenUp,
}

/// Makes the queue of mail; for a service that sends some.
#[derive(Debug)]
pub struct AddMail;

impl MigrationName for AddMail {
    fn name(&self) -> &'static str {
        "m20260105_add_mail"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddMail {
    async fn up(&self, manager: &SchemaManager) -> Result<(), sea_orm::DbErr> {
        use sea_orm::sea_query::Index;
        manager.create_table(table(manager, Entity)).await?;
        let by_due = Index::create().name("mail_state_due_at").table(Entity).col(Column::State).col(Column::DueAt).to_owned();
        manager.create_index(by_due).await
    }
}

/// Queues a mail, to be sent once the transaction commits.
///
/// # Errors
/// When the database refuses.
pub async fn queue(txn: &Txn, cx: &Context, mail: &Mail) -> StoreResult<MailId> {
    let (id, now) = (cx.ids.next::<MailId>(), cx.clock.now());
    let row = ActiveModel {
        mail_id: Set(id.as_uuid()),
        to_name: Set(mail.to.name().map(str::to_owned)),
        to_address: Set(mail.to.address().to_string()),
        subject: Set(mail.subject.as_str().to_owned()),
        text: Set(Some(mail.text.as_str().to_owned())),
        html: Set(mail.html.as_ref().map(|html| html.as_str().to_owned())),
        state: Set(State::Waiting.into_str().to_owned()),
        queued_at: Set(now),
        due_at: Set(now),
        lease: Set(None),
        attempts: Set(0),
        problem: Set(None),
        ended_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(&**txn).await?;
    Ok(id)
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Not sent yet; the last attempt failed because of `problem`.
    Waiting { attempts: u32, problem: Option<String> },
    /// A mail server accepted it.
    Sent { at: DateTime<Utc> },
    /// It will not be sent.
    GivenUp { at: DateTime<Utc>, problem: String },
}

/// What became of a mail; `None` when that is forgotten.
///
/// # Errors
/// When the database refuses, or the row cannot be read.
pub async fn progress(connection: &impl ConnectionTrait, id: MailId) -> StoreResult<Option<Progress>> {
    Entity::find_by_id(id.as_uuid()).one(connection).await?.map(read_progress).transpose()
}

fn read_progress(row: Model) -> StoreResult<Progress> {
    let state = row.state.parse().map_err(|_| StoreError::unreadable("mail.state", &row.state))?;
    let ended_at = || row.ended_at.ok_or_else(|| StoreError::unreadable("mail.ended_at", "absent"));
    Ok(match state {
        State::Waiting => Progress::Waiting { attempts: u32::try_from(row.attempts).unwrap_or_default(), problem: row.problem },
        State::Sent => Progress::Sent { at: ended_at()? },
        State::GivenUp => Progress::GivenUp { at: ended_at()?, problem: row.problem.unwrap_or_default() },
    })
}

/// Removes what was queued for these addresses, in small letters, whatever became of it.
///
/// # Errors
/// When the database refuses.
pub async fn erase(txn: &Txn, addresses: &[String]) -> StoreResult<()> {
    let address: SimpleExpr = Func::lower(Expr::col(Column::ToAddress)).into();
    Entity::delete_many().filter(address.is_in(addresses)).exec(&**txn).await?;
    Ok(())
}

/// What is said of the queue.
pub fn tables() -> Vec<ClassifiedTable> {
    vec![ClassifiedTable::of(Entity)]
}

/// How mail that was sent or given up grows old. What waits does not.
pub fn aging() -> Vec<Aging> {
    vec![Aging::of(Entity, Expr::col(Column::EndedAt), hold::never)]
}

/// A mail that this sender has for itself until its lease ends.
pub(crate) struct Taken {
    pub id: MailId,
    pub queued_at: DateTime<Utc>,
    /// Attempts with this one.
    pub attempts: u32,
    /// Whether a process ended while it was at this mail.
    pub was_left: bool,
    /// What to send; an address that cannot be read is the mail's fault.
    pub letter: Result<Letter, String>,
    lease: Uuid,
}

/// Takes the mail that has been due for longest, if any is.
pub(crate) async fn take(database: &Database, lease: Uuid, now: DateTime<Utc>, until: DateTime<Utc>) -> StoreResult<Option<Taken>> {
    // While there is nothing to do, nothing is locked; on SQLite nobody waits for the one writer.
    let is_any_due = due(now).select_only().column(Column::MailId).into_tuple::<Uuid>().one(database.reader()).await?.is_some();
    if !is_any_due {
        return Ok(None);
    }
    let txn = database.begin().await?;
    // Others may be at those before (PostgreSQL); SQLite has one writer and no such clause.
    let Some(row) = due(now).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).one(&*txn).await? else { return Ok(None) };
    let (attempts, was_left) = (row.attempts.saturating_add(1), row.lease.is_some());
    let mut taken = row.clone().into_active_model();
    taken.lease = Set(Some(lease));
    taken.due_at = Set(until);
    taken.attempts = Set(attempts);
    taken.update(&*txn).await?;
    txn.commit().await?;
    Ok(Some(Taken {
        id: row.mail_id.into(),
        queued_at: row.queued_at,
        attempts: u32::try_from(attempts).unwrap_or_default(),
        was_left,
        letter: read_letter(row),
        lease,
    }))
}

fn due(now: DateTime<Utc>) -> Select<Entity> {
    let waiting = Column::State.eq(State::Waiting.into_str());
    Entity::find().filter(waiting).filter(Column::DueAt.lte(now)).order_by_asc(Column::DueAt).order_by_asc(Column::MailId)
}

fn read_letter(row: Model) -> Result<Letter, String> {
    let address = row.to_address.parse().map_err(|_| "mail.to_address holds no address")?;
    Ok(Letter {
        id: row.mail_id.into(),
        to: Mailbox::new(row.to_name, address),
        subject: row.subject,
        text: row.text.ok_or("mail.text is absent")?,
        html: row.html,
        queued_at: row.queued_at,
    })
}

/// Marks a mail as sent, also when another sender has it by now: it was sent.
pub(crate) async fn mark_sent(database: &Database, taken: &Taken, at: DateTime<Utc>) -> StoreResult<()> {
    let end = ActiveModel { problem: Set(None), ..ended(State::Sent, at) };
    let txn = database.begin().await?;
    Entity::update_many().set(end).filter(Column::MailId.eq(taken.id.as_uuid())).exec(&*txn).await?;
    txn.commit().await
}

/// Gives a mail up, unless another sender has it by now.
pub(crate) async fn give_up(database: &Database, taken: &Taken, at: DateTime<Utc>, problem: String) -> StoreResult<()> {
    change(database, taken, ActiveModel { problem: Set(Some(problem)), ..ended(State::GivenUp, at) }).await
}

/// Has a mail tried again, unless another sender has it by now.
pub(crate) async fn try_again(database: &Database, taken: &Taken, due_at: DateTime<Utc>, problem: String) -> StoreResult<()> {
    change(database, taken, ActiveModel { due_at: Set(due_at), lease: Set(None), problem: Set(Some(problem)), ..Default::default() }).await
}

/// Without its text, which may hold a secret and is of no use any more.
fn ended(state: State, at: DateTime<Utc>) -> ActiveModel {
    ActiveModel {
        state: Set(state.into_str().to_owned()),
        ended_at: Set(Some(at)),
        lease: Set(None),
        text: Set(None),
        html: Set(None),
        ..Default::default()
    }
}

async fn change(database: &Database, taken: &Taken, change: ActiveModel) -> StoreResult<()> {
    let is_ours = Column::Lease.eq(taken.lease);
    let txn = database.begin().await?;
    Entity::update_many().set(change).filter(Column::MailId.eq(taken.id.as_uuid())).filter(is_ours).exec(&*txn).await?;
    txn.commit().await
}

/// How many mails wait, and since when the oldest does.
pub(crate) async fn backlog(database: &Database) -> StoreResult<(u64, Option<DateTime<Utc>>)> {
    let of_waiting = Entity::find().filter(Column::State.eq(State::Waiting.into_str())).select_only();
    let counted = of_waiting.column_as(Column::MailId.count(), "waiting").column_as(Column::QueuedAt.min(), "oldest");
    let row: Option<(i64, Option<DateTime<Utc>>)> = counted.into_tuple().one(database.reader()).await?;
    let (waiting, oldest) = row.unwrap_or_default();
    Ok((u64::try_from(waiting).unwrap_or_default(), oldest))
}

#[cfg(test)]
mod tests {
    use auth::Principal;
    use chrono::TimeDelta;
    use runtime::{Line, ManualClock, Words};

    use super::*;
    use crate::Recipient;

    testkit::on_both_stores! {
        async fn the_backlog_is_what_waits_and_since_when(database: TestDatabase) {
            let connected = database.migrated(vec![Box::new(AddMail)]).await;
            let clock = ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap());
            let cx = testkit::context(Principal::service("test"), clock.clone());
            assert_eq!(backlog(&connected).await.unwrap(), (0, None));
            for _ in 0..3 {
                let to = Recipient::new(None, "jan@school.example").unwrap();
                let mail = Mail { to, subject: Line::parse("a").unwrap(), text: Words::parse("b").unwrap(), html: None };
                let txn = connected.begin().await.unwrap();
                queue(&txn, &cx, &mail).await.unwrap();
                txn.commit().await.unwrap();
                clock.advance(TimeDelta::minutes(1));
            }
            let now = cx.clock.now();
            let taken = take(&connected, cx.ids.next(), now, now).await.unwrap().unwrap();
            mark_sent(&connected, &taken, now).await.unwrap();
            assert_eq!(backlog(&connected).await.unwrap(), (2, Some("2026-09-24T09:51:00Z".parse().unwrap())), "the oldest was sent");
        }
    }
}
