//! How far a tail is from the end of each partition, and as of when that is known.
//!
//! A consumer that hears nothing of a partition cannot tell a quiet one from one whose leader is cut off. So the leaders are asked where their
//! partitions end, each by itself: a tail that has read up to that end is complete as of the moment of the question.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rdkafka::consumer::{Consumer, StreamConsumer};
use tokio::time::Instant;
use tracing::debug;

use super::consumer::Rebalances;

/// How often each leader is asked: far more often than anyone waits for the answer.
const EVERY: Duration = Duration::from_secs(5);
/// Time-out of a question, which holds a blocking thread.
const WITHIN: Duration = Duration::from_secs(5);

/// The partitions of a tail, by number.
#[derive(Debug)]
pub(super) struct Ends {
    partitions: Vec<Partition>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

#[derive(Debug, Clone, Copy)]
struct Partition {
    /// The offset that is read next.
    next: i64,
    /// Where it ended when the tail began.
    began_with: i64,
    complete_as_of: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Answer {
    asked: Instant,
    /// Of the last question that was answered: when it was asked, and the end.
    end: (Instant, i64),
    is_under_way: bool,
}

impl Ends {
    /// Of a tail that begins at `next` in each partition, which ends at `end`, as was asked after `asked`.
    pub(super) fn new(partitions: &[(i64, i64)], asked: Instant) -> Self {
        let answer = |(_, end): &(i64, i64)| Answer { asked, end: (asked, *end), is_under_way: false };
        let answers = partitions.iter().map(answer).collect();
        let partition = |(next, end): &(i64, i64)| Partition { next: *next, began_with: *end, complete_as_of: None };
        let mut ends = Self { partitions: partitions.iter().map(partition).collect(), answers: Arc::new(Mutex::new(answers)) };
        ends.compare();
        ends
    }

    /// Asks the leaders that were not asked of late, without waiting for them.
    pub(super) fn ask(&self, consumer: &Arc<StreamConsumer<Rebalances>>, topic: &str) {
        let now = Instant::now();
        for (number, answer) in (0..).zip(lock(&self.answers).iter_mut()) {
            if answer.is_under_way || now.duration_since(answer.asked) < EVERY {
                continue;
            }
            (answer.asked, answer.is_under_way) = (now, true);
            let (consumer, topic, answers) = (Arc::clone(consumer), topic.to_owned(), Arc::clone(&self.answers));
            // Ends by itself in time; the runtime waits for it when it stops.
            tokio::task::spawn_blocking(move || {
                let watermarks = consumer.client().fetch_watermarks(&topic, number, WITHIN);
                drop(consumer);
                let mut answers = lock(&answers);
                let Some(answer) = answers.get_mut(number as usize) else { return };
                answer.is_under_way = false;
                match watermarks {
                    Ok((_, end)) => answer.end = (now, end),
                    Err(error) => {
                        debug!(name: "event_log.end_unknown", topic, partition = number, %error, "the partition's leader does not answer")
                    }
                }
            });
        }
    }

    /// A record was returned.
    pub(super) fn returned(&mut self, partition: i32, offset: i64) {
        if let Some(partition) = self.partitions.get_mut(partition as usize) {
            partition.next = partition.next.max(offset + 1);
        }
    }

    /// Reading came to the end: the last records may have been compacted away.
    pub(super) fn ended(&mut self, partition: i32) {
        if let Some(partition) = self.partitions.get_mut(partition as usize) {
            partition.next = partition.next.max(partition.began_with);
        }
    }

    /// Compares what was read with what the leaders answered.
    pub(super) fn compare(&mut self) {
        for (partition, answer) in self.partitions.iter_mut().zip(lock(&self.answers).iter()) {
            let (asked, end) = answer.end;
            if partition.next >= end {
                partition.complete_as_of = Some(asked);
            }
        }
    }

    pub(super) fn complete_as_of(&self) -> Vec<Option<Instant>> {
        self.partitions.iter().map(|partition| partition.complete_as_of).collect()
    }
}

fn lock(answers: &Mutex<Vec<Answer>>) -> MutexGuard<'_, Vec<Answer>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_complete_as_of_the_last_question_up_to_whose_answer_it_was_read() {
        let began = Instant::now();
        let mut ends = Ends::new(&[(5, 5), (0, 2)], began);
        assert_eq!(ends.complete_as_of(), [Some(began), None], "an empty one is complete at once");
        ends.returned(1, 0);
        ends.compare();
        assert_eq!(ends.complete_as_of()[1], None);
        ends.ended(1);
        ends.compare();
        assert_eq!(ends.complete_as_of(), [Some(began); 2]);

        let later = began + EVERY;
        lock(&ends.answers).iter_mut().for_each(|answer| answer.end = (later, 6));
        ends.returned(0, 5);
        ends.ended(1);
        ends.compare();
        assert_eq!(ends.complete_as_of(), [Some(later), Some(began)], "one has more to read");
    }
}
