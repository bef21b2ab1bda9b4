#![cfg(test)]
//! What the event log promises, checked on every implementation.
//!
//! `embedded` and `mock` (librdkafka's mock cluster) always run; `broker` runs against the cluster that
//! `SCHILDWACHT_TEST_KAFKA` names, as in `127.0.0.1:9092`, and says that it skips otherwise.

mod bounds;
mod delivery;
mod groups;
mod keeping;
mod stand;
mod tails;

macro_rules! promises {
    ($($file:ident::$promise:ident),* $(,)?) => {
        promises!(@on embedded, Embedded, $($file::$promise),*);
        promises!(@on mock, Mock, $($file::$promise),*);
        promises!(@on broker, Broker, $($file::$promise),*);
    };
    (@on $module:ident, $kind:ident, $($file:ident::$promise:ident),*) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    crate::$file::$promise(crate::stand::Kind::$kind).await;
                }
            )*
        }
    };
}

promises! {
    delivery::what_goes_in_comes_out,
    delivery::records_of_one_key_keep_their_order,
    delivery::an_empty_append_does_nothing,
    delivery::next_waits_and_respects_its_limit,
    groups::a_group_resumes_where_it_committed,
    groups::groups_do_not_notice_each_other,
    groups::what_was_handled_but_not_committed_comes_again,
    groups::rewinding_repeats_what_was_not_committed,
    groups::two_members_share_and_one_takes_over,
    groups::what_was_done_before_a_partition_moved_away_and_back_moves_nothing_back,
    groups::lag_is_what_is_left_to_commit,
    tails::a_tail_catches_up_and_follows,
    tails::a_tail_of_an_empty_topic_has_caught_up,
    tails::a_tail_knows_as_of_when_each_partition_is_complete,
    tails::a_tail_from_the_end_sees_only_what_is_new,
    keeping::only_the_last_record_of_a_key_is_kept,
    keeping::old_records_are_dropped,
    bounds::the_largest_record_passes_and_a_larger_one_is_refused,
    bounds::many_records_at_once_pass_where_records_are_small,
    bounds::too_much_under_way_is_busy_and_nothing_acknowledged_is_lost,
    bounds::many_writers_share_a_flush,
    bounds::a_closed_log_refuses_everything,
    bounds::a_healthy_log_says_so,
}
