//! What someone does who computes every hash again: the checkpoints outside the database show it.

use std::{
    fs,
    sync::{Arc, atomic::Ordering},
};

use schildwacht_storage::audit::{Chain, Finding, History, Made, SharedAnchor};

use crate::{
    attacker::{ALL, back_up, rehash, restore, tamper},
    elsewhere::Elsewhere,
    world::{SCHOOL, SERVICE, World, new_key, plain, school},
};

fn made(checkpoints: u64) -> Made {
    Made { checkpoints, contradicted: Vec::new() }
}

fn contradicted(chains: &[&str]) -> Made {
    Made { checkpoints: 0, contradicted: chains.iter().map(|chain| (*chain).to_owned()).collect() }
}

/// What is wrong with the checkpoints, without the series, which is another each time.
async fn said_of_file(world: &World) -> Vec<String> {
    said(&world.history().await)
}

fn said(history: &History) -> Vec<String> {
    let without_place = |finding: &Finding| plain(finding).split_once(": ").unwrap_or_default().1.to_owned();
    history.findings().iter().map(without_place).collect()
}

testkit::on_both_stores! {
    async fn a_chain_rewritten_from_its_first_row_is_named(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        tamper(&world.database, &format!("UPDATE audit_log SET actor = 'person:2' WHERE chain = '{SCHOOL}'")).await;
        rehash(&world.database, SCHOOL, 1, ALL).await;
        assert_eq!(world.said().await, [format!("{SCHOOL}: rows 1 to 3: rewritten, row 3 is not the one that checkpoint 1 saw")]);
        assert_eq!(world.checkpoint().await, contradicted(&[SCHOOL]), "and nothing new is signed over it");
    }

    async fn a_chain_rewritten_after_a_checkpoint_is_named_from_the_row_after_it(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        world.append(school(), 4).await;
        world.checkpoint().await;
        tamper(&world.database, &format!("UPDATE audit_log SET actor = 'person:2' WHERE chain = '{SCHOOL}' AND seq = 5")).await;
        rehash(&world.database, SCHOOL, 5, ALL).await;
        assert_eq!(world.said().await, [format!("{SCHOOL}: rows 4 to 7: rewritten, row 7 is not the one that checkpoint 2 saw")]);
    }

    async fn a_row_that_is_added_with_a_moment_long_past_is_named(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        world.append(school(), 2).await;
        tamper(&world.database, &format!("UPDATE audit_log SET at = '2026-01-01T00:00:00+00:00' WHERE chain = '{SCHOOL}' AND seq = 4")).await;
        rehash(&world.database, SCHOOL, 4, ALL).await;
        assert_eq!(world.checkpoint().await, made(1), "its hashes hold, and the chain goes on");
        assert_eq!(world.said().await, [format!("{SCHOOL}: row 4: was added after checkpoint 1, and says that it is older")]);
    }

    async fn an_end_that_was_cut_off_is_named(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        tamper(&world.database, &format!("DELETE FROM audit_log WHERE chain = '{SCHOOL}' AND seq >= 2")).await;
        rehash(&world.database, SCHOOL, 1, ALL).await;
        let cut = format!("{SCHOOL}: rows 1 to 3: cut off after row 1 or rewritten, checkpoint 1 saw row 3");
        assert_eq!(world.said().await, [cut]);
        assert_eq!(world.checkpoint().await, contradicted(&[SCHOOL]));
        world.append(school(), 5).await;
        let said = world.said().await;
        assert_eq!(said, [format!("{SCHOOL}: rows 1 to 3: rewritten, row 3 is not the one that checkpoint 1 saw")], "also when it has grown since");
        assert_eq!(world.checkpoint().await, contradicted(&[SCHOOL]));
    }

    async fn all_rows_of_a_chain_removed_and_its_head_kept_is_named(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        tamper(&world.database, &format!("DELETE FROM audit_log WHERE chain = '{SCHOOL}'")).await;
        let said = world.said().await;
        assert_eq!(said, [format!("{SCHOOL}: rows 1 to 3: deleted"), format!("{SCHOOL}: rows 1 to 3: cut off at the end, checkpoint 1 saw row 3")]);
    }

    async fn a_chain_removed_whole_is_named(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        for table in ["audit_log", "audit_head"] {
            tamper(&world.database, &format!("DELETE FROM {table} WHERE chain = '{SCHOOL}'")).await;
        }
        assert_eq!(world.said().await, [format!("{SCHOOL}: rows 1 to 3: the whole chain was removed, checkpoint 1 saw it")]);
        assert_eq!(world.checkpoint().await, contradicted(&[SCHOOL]));
    }

    async fn an_older_copy_of_the_database_is_named_for_every_chain(database: TestDatabase) {
        let mut world = World::with_rows(&database).await;
        world.checkpoint().await;
        back_up(&world.database).await;
        world.append(school(), 2).await;
        world.append(Chain::Platform, 1).await;
        world.append(Chain::Board(uuid::Uuid::from_u128(2).into()), 1).await;
        world.checkpoint().await;
        restore(&world.database).await;
        let board = "board:00000000-0000-0000-0000-000000000002";
        let expected = [
            format!("{board}: rows 1 to 1: the whole chain was removed, checkpoint 2 saw it"),
            "platform: rows 3 to 3: cut off at the end, checkpoint 2 saw row 3".to_owned(),
            format!("{SCHOOL}: rows 4 to 5: cut off at the end, checkpoint 2 saw row 5"),
        ];
        assert_eq!(world.said().await, expected);
        world.restart();
        assert_eq!(world.checkpoint().await, contradicted(&[board, "platform", SCHOOL]), "the service itself notices when it starts");
    }

    async fn a_checkpoint_is_made_when_a_chain_has_moved_and_once_before(database: TestDatabase) {
        let mut world = World::open(&database).await;
        assert_eq!(world.checkpoint().await, made(1), "that there was nothing yet");
        assert_eq!(world.checkpoint().await, made(0));
        world.append(school(), 1).await;
        assert_eq!(world.checkpoint().await, made(1));
        world.restart();
        assert_eq!(world.checkpoint().await, made(0), "the series goes on after a restart");
        world.append(school(), 1).await;
        assert_eq!(world.checkpoint().await, made(1));
        let history = world.history().await;
        assert_eq!((history.checkpoints(), history.newest().unwrap().number, said(&history)), (3, 3, Vec::new()));
    }

    async fn more_heads_than_a_record_holds_go_into_several_checkpoints(database: TestDatabase) {
        let world = World::open(&database).await;
        let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4001)";
        let (hash, name) = match database.store() {
            testkit::Store::Postgres => ("decode(repeat('07', 32), 'hex')", "'school:' || lpad(i::text, 36, '0') || '/reads'"),
            testkit::Store::Sqlite => ("unhex(replace(hex(zeroblob(32)), '00', '07'))", "'school:' || printf('%036d', i) || '/reads'"),
        };
        tamper(&world.database, &format!("{numbers} INSERT INTO audit_head (chain, seq, hash) SELECT {name}, 9000000000, {hash} FROM n")).await;
        assert_eq!(world.checkpoint().await, made(2));
        let file = fs::read_to_string(world.path()).unwrap();
        let largest = file.split("\n\n").map(str::len).max().unwrap();
        assert!((300_000..900_000).contains(&largest), "{largest} bytes");
        assert_eq!(said_of_file(&world).await, [""; 0]);
    }

    async fn a_name_of_a_chain_that_would_be_a_line_of_its_own_is_left_out(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        let (whole, short) = match database.store() {
            testkit::Store::Postgres => ("decode(repeat('07', 32), 'hex')", "'\\x00'"),
            testkit::Store::Sqlite => ("zeroblob(32)", "x'00'"),
        };
        tamper(&world.database, &format!("INSERT INTO audit_head (chain, seq, hash) VALUES ('a b', 1, {whole}), ('short', 1, {short})")).await;
        assert_eq!(world.checkpoint().await, made(1));
        let file = fs::read_to_string(world.path()).unwrap();
        assert_eq!(file.lines().filter(|line| line.starts_with("head ")).count(), 2, "{file}");
    }

    async fn a_checkpoint_that_was_changed_or_removed_is_named(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        for _ in 0..3 {
            world.checkpoint().await;
            world.append(school(), 1).await;
        }
        let file = fs::read_to_string(world.path()).unwrap();
        let ends: Vec<usize> = file.match_indices("schildwacht.be/audit/").map(|(at, _)| at).chain([file.len()]).collect();
        let [one, two, three] = [0, 1, 2].map(|at| &file[ends[at]..ends[at + 1]]);
        let other_key = new_key().sign(two.split("\n\n").next().map(|text| format!("{text}\n")).unwrap().as_str());
        let cases = [
            ([one, &two.replacen(" 4 ", " 3 ", 1), three].concat(), vec!["checkpoint 2 is missing", "holds 1 record(s) that were changed after they were signed"]),
            ([one, three].concat(), vec!["checkpoint 2 is missing"]),
            ([two, three].concat(), vec!["checkpoint 1 is missing"]),
            ([one, three, two].concat(), vec!["checkpoint 2 is missing", "checkpoint 2 does not follow from the one before it"]),
            ([one, &other_key, three].concat(), vec!["checkpoint 2 is missing", "holds 1 record(s) signed with a key that is not trusted (audit.trusted_keys)"]),
            ([one, "hello\n\n\u{2014} x\n", two, three].concat(), vec!["holds 1 record(s) that are no checkpoint; those beside them count"]),
            (String::new(), vec!["nothing outside the database says what was in it"]),
        ];
        for (content, expected) in cases {
            fs::write(world.path(), &content).unwrap();
            assert_eq!(said_of_file(&world).await, expected, "{content}");
        }
    }

    async fn what_is_no_checkpoint_breaks_nothing_and_hides_nothing(database: TestDatabase) {
        let mut world = World::with_rows(&database).await;
        world.checkpoint().await;
        let whole = fs::read(world.path()).unwrap();
        fs::write(world.path(), [b"some line\n".as_slice(), &whole, b"\xff another"].concat()).unwrap();
        world.restart();
        world.append(school(), 1).await;
        assert_eq!(world.checkpoint().await, made(1), "the service goes on");
        let history = world.history().await;
        assert_eq!((history.checkpoints(), history.findings().iter().any(Finding::is_break)), (2, false));
        assert_eq!(said(&history), ["holds 2 record(s) that are no checkpoint; those beside them count"]);
        assert_eq!(world.reports().await.iter().map(|report| report.proven).collect::<Vec<_>>(), [2, 4]);
        tamper(&world.database, &format!("DELETE FROM audit_log WHERE chain = '{SCHOOL}' AND seq >= 4")).await;
        rehash(&world.database, SCHOOL, 4, ALL).await;
        assert_eq!(world.said().await, [format!("{SCHOOL}: rows 4 to 4: cut off at the end, checkpoint 2 saw row 4")]);
    }

    async fn a_service_does_not_go_on_after_checkpoints_that_are_not_its_own(database: TestDatabase) {
        let mut world = World::with_rows(&database).await;
        world.checkpoint().await;
        let file = fs::read_to_string(world.path()).unwrap();
        fs::write(world.path(), file.replacen(" 3 ", " 2 ", 1)).unwrap();
        world.restart();
        let refusal = world.maker().make().await.unwrap_err().to_string();
        assert!(refusal.contains("a signature is wrong") && refusal.contains("move it elsewhere"), "{refusal}");
        fs::remove_file(world.path()).unwrap();
        assert_eq!(world.checkpoint().await, made(1), "a new series");
    }

    async fn a_key_of_before_stays_trusted_while_it_is_named(database: TestDatabase) {
        let mut world = World::with_rows(&database).await;
        world.checkpoint().await;
        let old = world.key.public();
        world.key = Arc::new(new_key());
        world.trusted = vec![world.key.public()];
        world.restart();
        let refusal = world.maker().make().await.unwrap_err().to_string();
        assert!(refusal.contains("audit.trusted_keys"), "{refusal}");
        world.trusted = vec![old, world.key.public()];
        world.restart();
        world.append(school(), 1).await;
        assert_eq!(world.checkpoint().await, made(1));
        assert_eq!((said_of_file(&world).await, world.said().await), (Vec::new(), Vec::new()));
        world.trusted.remove(0);
        let said = said_of_file(&world).await;
        assert!(said.contains(&"holds 1 record(s) signed with a key that is not trusted (audit.trusted_keys)".to_owned()), "{said:?}");
    }

    async fn rows_that_were_rewritten_do_not_hide_behind_one_that_was_cut_off(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        world.append(school(), 4).await;
        world.checkpoint().await;
        tamper(&world.database, &format!("DELETE FROM audit_log WHERE chain = '{SCHOOL}' AND seq = 7")).await;
        tamper(&world.database, &format!("UPDATE audit_log SET actor = 'person:2' WHERE chain = '{SCHOOL}' AND seq = 5")).await;
        rehash(&world.database, SCHOOL, 5, ALL).await;
        assert_eq!(world.said().await, [format!("{SCHOOL}: rows 4 to 7: cut off after row 6 or rewritten, checkpoint 2 saw row 7")]);
    }

    async fn records_that_are_added_to_a_place_break_no_check(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        let elsewhere = Arc::new(Elsewhere::default());
        let maker = world.maker_with(vec![Arc::clone(&elsewhere) as SharedAnchor]);
        for _ in 0..3 {
            maker.make().await.unwrap();
            world.append(school(), 1).await;
        }
        let old = elsewhere.notes.lock().unwrap()[0].clone();
        let text = format!("{}\n", old.split("\n\n").next().unwrap());
        let unsigned = [text.clone(), old.replacen(" 3 ", " 9 ", 1), new_key().sign(&text), "hello".to_owned()];
        elsewhere.notes.lock().unwrap().extend(unsigned.into_iter().chain([old.clone(), old]));
        let both = History::read(SERVICE, &[world.file(), elsewhere], &world.trusted).await.unwrap();
        let expected = [
            "holds 2 record(s) that are no checkpoint; those beside them count",
            "holds 1 record(s) signed with a key that is not trusted (audit.trusted_keys)",
            "holds 1 record(s) that were changed after they were signed",
        ];
        assert_eq!((both.checkpoints(), said(&both)), (3, expected.map(str::to_owned).to_vec()));
        assert!(!both.findings().iter().any(Finding::is_break));
    }

    async fn what_was_cut_off_one_place_is_proven_by_another(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        let elsewhere = Arc::new(Elsewhere::default());
        let maker = world.maker_with(vec![Arc::clone(&elsewhere) as SharedAnchor]);
        let mut first = String::new();
        for number in 1..=3 {
            maker.make().await.unwrap();
            if number == 1 {
                first = fs::read_to_string(world.path()).unwrap();
            }
            world.append(school(), 1).await;
        }
        fs::write(world.path(), first).unwrap();
        tamper(&world.database, &format!("DELETE FROM audit_log WHERE chain = '{SCHOOL}' AND seq >= 4")).await;
        rehash(&world.database, SCHOOL, 4, ALL).await;
        assert_eq!(world.said().await, [""; 0], "the file alone says nothing of it");
        let both = History::read(SERVICE, &[world.file(), elsewhere], &world.trusted).await.unwrap();
        assert_eq!(said(&both), ["checkpoints 2 to 3 are missing"]);
        let reports = schildwacht_storage::audit::examine(&world.database, &both, None).await.unwrap();
        let found: Vec<String> = reports.iter().flat_map(|report| report.findings.iter().map(plain)).collect();
        assert_eq!(found, ["rows 4 to 5: cut off at the end, checkpoint 3 saw row 5"]);
    }

    async fn a_place_that_was_unavailable_gets_what_it_missed(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        let elsewhere = Arc::new(Elsewhere::default());
        let further: Vec<SharedAnchor> = vec![Arc::clone(&elsewhere) as SharedAnchor];
        let first = world.maker_with(further.clone());
        elsewhere.is_unavailable.store(true, Ordering::Relaxed);
        for _ in 0..3 {
            first.make().await.unwrap_err();
            world.append(school(), 1).await;
        }
        // Another process, as after a crash in between.
        let second = world.maker_with(further);
        elsewhere.is_unavailable.store(false, Ordering::Relaxed);
        assert_eq!(second.make().await.unwrap(), made(1));
        assert_eq!(elsewhere.notes.lock().unwrap().concat(), fs::read_to_string(world.path()).unwrap());
        let both = History::read(SERVICE, &[world.file(), elsewhere], &world.trusted).await.unwrap();
        assert_eq!((both.checkpoints(), said(&both)), (2, Vec::new()));
    }

    async fn checkpoints_of_another_service_prove_nothing(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        let history = History::read("identity", &[world.file()], &world.trusted).await.unwrap();
        assert_eq!((history.checkpoints(), history.findings()), (0, [Finding::NoCheckpoint].as_slice()));
    }
}
