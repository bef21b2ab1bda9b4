//! Cases with their timeline and evidence; schools and people as they name them.

use sea_orm_migration::{
    prelude::{
        ColumnDef, ConditionalStatement as _, DbErr, DeriveIden, Expr, ExprTrait as _, ForeignKey, Index, IntoIden, SimpleExpr, Table,
    },
    schema::{
        big_integer, integer, small_integer, small_integer_null, string, string_null, text, text_null, timestamp_with_time_zone,
        timestamp_with_time_zone_null, uuid, uuid_null,
    },
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddCases;

impl MigrationName for AddCases {
    fn name(&self) -> &'static str {
        "m20261124_add_cases"
    }
}

#[derive(DeriveIden)]
enum School {
    Table,
    SchoolId,
    Name,
    Municipality,
    SearchText,
}

#[derive(DeriveIden)]
enum Person {
    Table,
    PersonId,
    Name,
}

#[derive(DeriveIden)]
enum CaseNumber {
    Table,
    Year,
    Last,
}

#[derive(DeriveIden, Clone, Copy)]
enum IncidentCase {
    Table,
    CaseId,
    ReferenceYear,
    ReferenceNumber,
    SchoolId,
    SchoolName,
    Municipality,
    SignatureId,
    Signature,
    Category,
    ClassId,
    RsitClass,
    RsitKind,
    RsitNameNl,
    RsitNameEn,
    TitleNl,
    TitleEn,
    Story,
    ContentVersion,
    Tlp,
    Severity,
    Phase,
    PhaseAt,
    AssigneeId,
    AssigneeName,
    CloseReason,
    CloseText,
    ClosedById,
    ClosedByName,
    ClosedPhase,
    ReactBy,
    ResolveBy,
    ReactedAt,
    QueueAt,
    AlertCount,
    EventCount,
    ToldEventCount,
    OpenedAt,
    LastEventAt,
    UpdatedAt,
    Revision,
    SearchText,
}

#[derive(DeriveIden)]
enum TimelineEntry {
    Table,
    EntryId,
    CaseId,
    At,
    ActorId,
    ActorName,
    Change,
    Tlp,
    RequestId,
    AuditSeq,
    AuditHash,
}

#[derive(DeriveIden)]
enum Evidence {
    Table,
    CaseId,
    AlertId,
    Position,
    Alert,
}

/// Closed, as `phase` says it.
const CLOSED: i16 = 7;

#[async_trait::async_trait]
impl MigrationTrait for AddCases {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let schools = Table::create()
            .table(School::Table)
            .col(uuid(School::SchoolId).primary_key())
            .col(string(School::Name))
            .col(string(School::Municipality))
            .col(string(School::SearchText))
            .to_owned();
        manager.create_table(schools).await?;
        let people = Table::create().table(Person::Table).col(uuid(Person::PersonId).primary_key()).col(string(Person::Name)).to_owned();
        manager.create_table(people).await?;
        let numbers =
            Table::create().table(CaseNumber::Table).col(integer(CaseNumber::Year).primary_key()).col(integer(CaseNumber::Last)).to_owned();
        manager.create_table(numbers).await?;
        add_cases(manager).await?;
        add_timeline(manager).await?;
        add_evidence(manager).await
    }
}

async fn add_cases(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use IncidentCase::{
        AlertCount, AssigneeId, AssigneeName, CaseId, Category, ClassId, CloseReason, CloseText, ClosedById, ClosedByName, ClosedPhase,
        ContentVersion, EventCount, LastEventAt, Municipality, OpenedAt, Phase, PhaseAt, QueueAt, ReactBy, ReactedAt, ReferenceNumber,
        ReferenceYear, ResolveBy, Revision, RsitClass, RsitKind, RsitNameEn, RsitNameNl, SchoolId, SchoolName, SearchText, Severity,
        Signature, SignatureId, Story, TitleEn, TitleNl, Tlp, ToldEventCount, UpdatedAt,
    };
    let columns: Vec<ColumnDef> = vec![
        uuid(CaseId).primary_key().to_owned(),
        integer(ReferenceYear),
        integer(ReferenceNumber),
        uuid(SchoolId),
        string(SchoolName),
        string(Municipality),
        string(SignatureId),
        text(Signature),
        text(Category),
        string(ClassId),
        string(RsitClass),
        string(RsitKind),
        text(RsitNameNl),
        text(RsitNameEn),
        text(TitleNl),
        text(TitleEn),
        text(Story),
        string(ContentVersion),
        string(Tlp),
        small_integer(Severity),
        small_integer(Phase),
        timestamp_with_time_zone(PhaseAt),
        uuid_null(AssigneeId),
        string(AssigneeName),
        string_null(CloseReason),
        text_null(CloseText),
        uuid_null(ClosedById),
        string_null(ClosedByName),
        small_integer_null(ClosedPhase),
        timestamp_with_time_zone(ReactBy),
        timestamp_with_time_zone(ResolveBy),
        timestamp_with_time_zone_null(ReactedAt),
        timestamp_with_time_zone(QueueAt),
        big_integer(AlertCount),
        big_integer(EventCount),
        big_integer(ToldEventCount),
        timestamp_with_time_zone(OpenedAt),
        timestamp_with_time_zone(LastEventAt),
        timestamp_with_time_zone(UpdatedAt),
        big_integer(Revision),
        text(SearchText),
    ];
    let closing = [CloseReason, CloseText, ClosedById, ClosedByName, ClosedPhase];
    let active = closing.into_iter().fold(Expr::col(Phase).lt(CLOSED), |all, column| all.and(Expr::col(column).is_null()));
    let closed = closing.into_iter().fold(Expr::col(Phase).eq(CLOSED), |all, column| all.and(Expr::col(column).is_not_null()));
    let mut table = Table::create();
    table.table(IncidentCase::Table).check(active.or(closed)).check(Expr::col(Severity).between(1, 4));
    for mut column in columns {
        table.col(&mut column);
    }
    manager.create_table(table).await?;

    let one_open = Index::create()
        .name("incident_case_one_open")
        .table(IncidentCase::Table)
        .col(SchoolId)
        .col(SignatureId)
        .unique()
        .and_where(Expr::col(Phase).lt(CLOSED))
        .to_owned();
    manager.create_index(one_open).await?;
    let reference = Index::create()
        .name("incident_case_reference")
        .table(IncidentCase::Table)
        .col(ReferenceYear)
        .col(ReferenceNumber)
        .unique()
        .to_owned();
    manager.create_index(reference).await?;
    // Of a school and of one responder; then figures over the last days. The whole queue is read by the index that
    // `m20261127_add_open_queue` adds; releases before that read it by the first of these.
    let indexes: [(&str, &[IncidentCase]); 7] = [
        ("incident_case_queue", &[QueueAt, CaseId]),
        ("incident_case_school", &[SchoolId, QueueAt, CaseId]),
        ("incident_case_assignee", &[AssigneeId, QueueAt, CaseId]),
        ("incident_case_signature", &[SchoolId, SignatureId, OpenedAt]),
        ("incident_case_opened", &[OpenedAt, CaseId]),
        ("incident_case_updated", &[UpdatedAt, CaseId]),
        ("incident_case_reacted", &[ReactedAt]),
    ];
    for (name, columns) in indexes {
        create_index(manager, name, IncidentCase::Table, columns).await?;
    }
    Ok(())
}

async fn create_index<T: IntoIden + Copy>(manager: &SchemaManager<'_>, name: &str, table: T, columns: &[T]) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(name).table(table.into_iden());
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}

async fn add_timeline(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let case =
        ForeignKey::create().from(TimelineEntry::Table, TimelineEntry::CaseId).to(IncidentCase::Table, IncidentCase::CaseId).to_owned();
    let actor_is_whole: SimpleExpr = Expr::col(TimelineEntry::ActorId).is_null().eq(Expr::col(TimelineEntry::ActorName).is_null());
    let entries = Table::create()
        .table(TimelineEntry::Table)
        .col(uuid(TimelineEntry::EntryId).primary_key())
        .col(uuid(TimelineEntry::CaseId))
        .col(timestamp_with_time_zone(TimelineEntry::At))
        .col(uuid_null(TimelineEntry::ActorId))
        .col(string_null(TimelineEntry::ActorName))
        .col(text(TimelineEntry::Change))
        .col(string_null(TimelineEntry::Tlp))
        .col(string_null(TimelineEntry::RequestId))
        .col(big_integer(TimelineEntry::AuditSeq))
        .col(string(TimelineEntry::AuditHash))
        .foreign_key(&mut case.clone())
        .check(actor_is_whole)
        .to_owned();
    manager.create_table(entries).await?;
    let by_case = Index::create()
        .name("timeline_entry_case")
        .table(TimelineEntry::Table)
        .col(TimelineEntry::CaseId)
        .col(TimelineEntry::AuditSeq)
        .to_owned();
    manager.create_index(by_case).await?;
    // NULLs are distinct in both stores, so entries without a request id do not meet.
    let by_request = Index::create()
        .name("timeline_entry_request")
        .table(TimelineEntry::Table)
        .col(TimelineEntry::CaseId)
        .col(TimelineEntry::ActorId)
        .col(TimelineEntry::RequestId)
        .unique()
        .to_owned();
    manager.create_index(by_request).await
}

async fn add_evidence(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let case = ForeignKey::create().from(Evidence::Table, Evidence::CaseId).to(IncidentCase::Table, IncidentCase::CaseId).to_owned();
    let evidence = Table::create()
        .table(Evidence::Table)
        .col(uuid(Evidence::CaseId))
        .col(uuid(Evidence::AlertId))
        .col(big_integer(Evidence::Position))
        .col(text(Evidence::Alert))
        .primary_key(Index::create().col(Evidence::CaseId).col(Evidence::AlertId))
        .foreign_key(&mut case.clone())
        .to_owned();
    manager.create_table(evidence).await?;
    let in_order =
        Index::create().name("evidence_order").table(Evidence::Table).col(Evidence::CaseId).col(Evidence::Position).unique().to_owned();
    manager.create_index(in_order).await?;
    let by_alert = Index::create().name("evidence_alert").table(Evidence::Table).col(Evidence::AlertId).to_owned();
    manager.create_index(by_alert).await
}
