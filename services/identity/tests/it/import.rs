//! Import: all of a file, or none of it.

use events::Topic;
use futures::{StreamExt as _, stream};
use proto::identity::v1::{
    ImportFormat, ImportOrganisationsRequest, ListSchoolsRequest, OrganisationState, organisation_service_client::OrganisationServiceClient,
};
use testkit::on_both_stores;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::world::{Setup, TWO_SCHOOLS, World, ict_coordinator, operator, responder};

async fn count_schools(world: &World) -> i64 {
    let request = world.by(&operator(), ListSchoolsRequest::default());
    world.organisations().list_schools(request).await.unwrap().into_inner().total_size
}

on_both_stores! {
    async fn a_good_file_is_imported_and_told_of(database: TestDatabase) {
        let world = World::start(&database).await;
        let (phases, report) = world.import(&operator(), ImportFormat::Csv, TWO_SCHOOLS, false).await.unwrap();

        assert!(report.imported);
        assert_eq!((report.boards, report.schools, report.sites), (1, 2, 3));
        assert_eq!((report.schools_created, report.schools_updated, report.schools_unchanged), (2, 0, 0));
        assert_eq!(phases, ["receiving", "checking", "writing"]);
        let told: Vec<OrganisationState> = world.events(Topic::Organisation, 2).await.iter().map(|event| event.decode().unwrap()).collect();
        let mut names: Vec<_> = told.into_iter().map(|state| state.school.unwrap()).map(|school| (school.name, school.sites.len())).collect();
        names.sort();
        assert_eq!(names, [("Basisschool De Vuurvogel".to_owned(), 1), ("Basisschool De Zandloper".to_owned(), 2)]);
        world.assert_audit_trail_is_intact().await;
    }

    async fn one_bad_line_leaves_nothing(database: TestDatabase) {
        let world = World::start(&database).await;
        let file = format!("{TWO_SCHOOLS}990011;Vzw Ster;sportclub;990103;;Gent;1;;;90000;Gent\n");

        let (_, report) = world.import(&operator(), ImportFormat::Csv, &file, false).await.unwrap();

        assert!(!report.imported);
        let bad: Vec<_> = report.bad_lines.iter().map(|bad| (bad.line, bad.field.as_str(), bad.reason.as_str())).collect();
        let expected = [(5, "board_kind", "unknown_board_kind"), (5, "school_name", "missing_name"), (5, "postal_code", "invalid_postal_code")];
        assert_eq!((bad.as_slice(), report.bad_lines_total), (expected.as_slice(), 3));
        assert_eq!(count_schools(&world).await, 0);
    }

    async fn checking_only_writes_nothing_and_says_what_would_change(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, report) = world.import(&operator(), ImportFormat::Csv, TWO_SCHOOLS, true).await.unwrap();
        assert_eq!((report.imported, report.schools_created, report.bad_lines_total), (false, 2, 0));
        assert_eq!(count_schools(&world).await, 0);
    }

    async fn the_same_file_again_changes_nothing_and_a_changed_one_only_what_changed(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;

        let (_, same) = world.import(&operator(), ImportFormat::Csv, TWO_SCHOOLS, false).await.unwrap();
        assert_eq!((same.schools_created, same.schools_updated, same.schools_unchanged), (0, 0, 2));

        let renamed = TWO_SCHOOLS.replace("De Vuurvogel", "De Feniks");
        let (_, changed) = world.import(&operator(), ImportFormat::Csv, &renamed, false).await.unwrap();
        assert_eq!((changed.schools_created, changed.schools_updated, changed.schools_unchanged), (0, 1, 1));
        let request = world.by(&operator(), ListSchoolsRequest::default());
        let schools = world.organisations().list_schools(request).await.unwrap().into_inner().schools;
        assert_eq!((schools[0].name.as_str(), &schools[0].school_id), ("Basisschool De Feniks", &vuurvogel.school_id));
        assert_eq!(schools[1], zandloper);
        assert_eq!(world.events(Topic::Organisation, 3).await.len(), 3, "what did not change is not told again");
    }

    async fn numbers_that_change_hands_between_files_keep_their_ids(database: TestDatabase) {
        let world = World::start(&database).await;
        world.with_two_schools().await;
        let moved = TWO_SCHOOLS.replace("990010;Vzw Vaart;free;990102", "990020;Gemeente Lier;gemeente;990102");
        let (_, report) = world.import(&operator(), ImportFormat::Csv, &moved, false).await.unwrap();
        assert_eq!((report.boards, report.schools_updated, report.schools_unchanged), (2, 1, 1));
        let request = world.by(&operator(), ListSchoolsRequest { query: "lier".into(), ..Default::default() });
        let schools = world.organisations().list_schools(request).await.unwrap().into_inner().schools;
        assert_eq!(schools[0].board.as_ref().unwrap().name, "Gemeente Lier");
    }

    async fn only_an_operator_imports(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        for who in [responder(), ict_coordinator(&zandloper)] {
            let refused = world.import(&who, ImportFormat::Csv, TWO_SCHOOLS, true).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied);
        }
    }
}

#[tokio::test]
async fn a_file_must_say_its_format() {
    let (world, _database) = World::start_on_sqlite(Setup::ordinary()).await;
    let refused = world.import(&operator(), ImportFormat::Unspecified, TWO_SCHOOLS, false).await.unwrap_err();
    assert_eq!(refused.get_error_details().bad_request().unwrap().field_violations[0].field, "format");
}

#[tokio::test]
async fn a_file_of_more_than_64_mib_is_refused() {
    assert_eq!(reason_for_chunks(64 * 4 + 1, 256 * 1024).await, "file_too_large");
}

#[tokio::test]
async fn a_chunk_that_fits_in_no_message_is_refused_as_that() {
    assert_eq!(reason_for_chunks(1, 1024 * 1024).await, "chunk_too_large");
}

/// Why so many chunks of this many bytes are refused.
async fn reason_for_chunks(count: usize, bytes: usize) -> String {
    let (world, _database) = World::start_on_sqlite(Setup::ordinary()).await;
    let chunk = move |_| ImportOrganisationsRequest { format: ImportFormat::Csv.into(), chunk: vec![b'x'; bytes], ..Default::default() };
    let pieces = stream::iter((0..count).map(chunk));
    let mut answers = world.organisations().import_organisations(world.by(&operator(), pieces)).await.unwrap().into_inner();
    loop {
        match answers.message().await {
            Ok(update) => assert!(update.is_some(), "the file was taken"),
            Err(status) => break status.get_error_details().error_info().unwrap().reason.clone(),
        }
    }
}

#[tokio::test]
async fn a_second_import_waits_its_turn_and_a_caller_who_leaves_gives_it_back() {
    let (world, _database) = World::start_on_sqlite(Setup::ordinary()).await;
    let begun = ImportOrganisationsRequest { format: ImportFormat::Csv.into(), ..Default::default() };
    let never_ending = stream::once(async { begun }).chain(stream::pending());
    let request = world.by(&operator(), never_ending);
    let url = world.url.clone();
    // A process of its own, as it were: when it is gone, so are its connections.
    let caller = tokio::runtime::Runtime::new().unwrap();
    let first = caller.spawn(async move {
        let mut client = OrganisationServiceClient::connect(url).await.unwrap();
        client.import_organisations(request).await.unwrap()
    });
    let answers = first.await.unwrap();

    let refused = world.import(&operator(), ImportFormat::Csv, TWO_SCHOOLS, false).await.unwrap_err();
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "import_running");

    drop(answers);
    caller.shutdown_background();
    let mut attempts = 0;
    while world.import(&operator(), ImportFormat::Csv, TWO_SCHOOLS, false).await.is_err() {
        attempts += 1;
        assert!(attempts < 100, "the turn was never given back");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
