use proptest::prelude::*;

use super::*;

const NOW: Duration = Duration::from_secs(1_000);

impl Allowance {
    /// As a request does.
    fn pay(&self, amount: u64, now: Duration) -> Result<(), Duration> {
        self.check(now).inspect(|()| self.charge(amount, now))
    }
}

#[test]
fn a_burst_passes_and_then_the_rate_holds() {
    let allowance = Allowance::new(Rate { per_second: 10, burst: 20 });
    for _ in 0..21 {
        allowance.pay(1, NOW).unwrap();
    }
    assert_eq!(allowance.check(NOW), Err(Duration::from_millis(100)));
    assert_eq!(allowance.pay(1, NOW), Err(Duration::from_millis(100)));
    assert_eq!(allowance.check(NOW + Duration::from_millis(100)), Ok(()));
}

#[test]
fn more_than_a_burst_passes_once_and_is_worked_off() {
    let allowance = Allowance::new(Rate { per_second: 10, burst: 20 });
    allowance.pay(120, NOW).unwrap();
    assert_eq!(allowance.check(NOW), Err(Duration::from_secs(10)));
    assert_eq!(allowance.check(NOW + Duration::from_secs(10)), Ok(()));
}

#[test]
fn work_that_was_done_is_charged_however_much_is_owed() {
    let allowance = Allowance::new(Rate { per_second: 10, burst: 20 });
    allowance.charge(120, NOW);
    allowance.charge(100, NOW);
    assert_eq!(allowance.check(NOW), Err(Duration::from_secs(20)));
    assert_eq!(allowance.take_unsettled(), Duration::from_secs(22));
}

#[test]
fn it_is_in_use_until_all_is_reported_and_worked_off() {
    let allowance = Allowance::new(Rate { per_second: 10, burst: 20 });
    assert!(!allowance.is_in_use(NOW));
    allowance.charge(10, NOW);
    assert!(allowance.is_in_use(NOW + Duration::from_secs(5)), "not reported yet");
    allowance.take_unsettled();
    assert!(allowance.is_in_use(NOW), "not worked off yet");
    assert!(!allowance.is_in_use(NOW + Duration::from_secs(1)));
}

proptest! {
    #[test]
    fn in_the_long_run_no_more_passes_than_the_rate(
        per_second in 1_u64..1_000_000,
        burst in 0_u64..100_000,
        steps in prop::collection::vec((0_u64..50_000, 0_u64..2_000), 1..200),
    ) {
        let allowance = Allowance::new(Rate { per_second, burst });
        let (mut now, mut passed, mut largest) = (NOW, 0_u128, 0_u128);
        for (amount, pause_ms) in steps {
            now += Duration::from_millis(pause_ms);
            let checked = allowance.check(now);
            let paid = allowance.pay(amount, now);
            prop_assert_eq!(checked, paid);
            if paid.is_ok() {
                passed += u128::from(amount);
                largest = largest.max(u128::from(amount));
            }
            if let Err(wait) = paid {
                prop_assert!(allowance.check(now + wait).is_ok());
            }
        }
        let by_rate = u128::from(per_second) * (now - NOW).as_nanos() / 1_000_000_000;
        prop_assert!(passed <= by_rate + u128::from(burst) + largest + 1);
    }
}

#[test]
fn what_was_charged_is_settled_once() {
    let allowance = Allowance::new(Rate { per_second: 10, burst: 20 });
    assert!(!allowance.is_in_use(NOW));
    allowance.charge(21, NOW);
    assert!(allowance.is_in_use(NOW));
    assert_eq!((allowance.take_unsettled(), allowance.take_unsettled()), (Duration::from_millis(2_100), Duration::ZERO));
}

#[test]
fn what_is_too_little_to_be_said_in_microseconds_is_settled_with_the_next() {
    let allowance = Allowance::new(Rate { per_second: 3_000_000, burst: 1 });
    allowance.owe(1);
    assert_eq!((allowance.is_in_use(NOW), allowance.take_unsettled()), (false, Duration::ZERO));
    allowance.owe(1);
    allowance.owe(2);
    assert_eq!((allowance.is_in_use(NOW), allowance.take_unsettled()), (true, Duration::from_micros(1)));
}

#[test]
fn what_others_let_in_is_learnt_and_never_forgotten_for_less() {
    let allowance = Allowance::new(Rate { per_second: 10, burst: 20 });
    allowance.learn(Duration::from_secs(12), NOW);
    assert_eq!(allowance.check(NOW), Err(Duration::from_secs(10)));
    allowance.learn(Duration::ZERO, NOW);
    assert_eq!(allowance.check(NOW), Err(Duration::from_secs(10)));
    assert_eq!(allowance.check(NOW + Duration::from_secs(10)), Ok(()));
}

#[test]
fn what_is_paid_while_the_others_answer_comes_on_top() {
    let allowance = Allowance::new(Rate { per_second: 10, burst: 20 });
    allowance.owe(10);
    allowance.take_unsettled();
    allowance.owe(20);
    allowance.learn(Duration::from_secs(3), NOW);
    assert_eq!(allowance.check(NOW), Err(Duration::from_secs(3)));
}

#[test]
fn what_could_not_be_settled_waits_as_long_as_it_is_owed() {
    let allowance = Allowance::new(Rate { per_second: 10, burst: 20 });
    allowance.charge(120, NOW);
    allowance.keep_what_is_owed(NOW);
    allowance.keep_what_is_owed(NOW + Duration::from_secs(5));
    assert_eq!(allowance.take_unsettled(), Duration::from_secs(7));
    allowance.keep_what_is_owed(NOW + Duration::from_secs(6));
    assert_eq!(allowance.take_unsettled(), Duration::ZERO);
}

const SETTLED_EVERY: Duration = Duration::from_secs(1);

/// Some replicas, and what `storage::rates` knows in Redis, with a clock of its own.
struct Replicas {
    allowances: Vec<Allowance>,
    settled_at: Duration,
    worked_off_at: Duration,
}

impl Replicas {
    fn new(count: usize, rate: Rate) -> Self {
        Self { allowances: (0..count).map(|_| Allowance::new(rate)).collect(), settled_at: NOW, worked_off_at: Duration::ZERO }
    }

    fn settle(&mut self, now: Duration) {
        let began = now.min(self.settled_at);
        for allowance in &self.allowances {
            self.worked_off_at = self.worked_off_at.max(began) + allowance.take_unsettled();
            allowance.learn(self.worked_off_at.saturating_sub(now), now);
        }
        self.settled_at = now;
    }

    fn pay(&self, replica: usize, amount: u64, now: Duration) -> bool {
        self.allowances[replica % self.allowances.len()].pay(amount, now).is_ok()
    }
}

proptest! {
    #[test]
    fn in_the_long_run_no_more_passes_over_all_replicas_than_the_rate(
        count in 2_usize..5,
        per_second in 1_000_u64..1_000_000,
        burst_ms in 0_u64..2_000,
        steps in prop::collection::vec((0_usize..4, 0_u64..2_000, 0_u64..400), 200..400),
    ) {
        let of_time = |ms: u64| per_second * ms / 1_000;
        let rate = Rate { per_second, burst: of_time(burst_ms) };
        let mut replicas = Replicas::new(count, rate);
        let (mut now, mut passed) = (NOW, 0);
        for (replica, amount_ms, pause_ms) in steps {
            now += Duration::from_millis(pause_ms);
            if now >= replicas.settled_at + SETTLED_EVERY {
                replicas.settle(now);
            }
            if replicas.pay(replica, of_time(amount_ms), now) {
                passed += of_time(amount_ms);
            }
        }
        // Each replica lets in a burst, one request beyond, and the rate until it hears of the others.
        let unheard_ms = burst_ms + 2_000 + 1_400;
        let elapsed_ms = u64::try_from((now - NOW).as_millis()).unwrap();
        let most = of_time(elapsed_ms + 1_400 + count as u64 * unheard_ms);
        prop_assert!(passed <= most + 1_000, "{passed} > {most}");
    }

    #[test]
    fn who_keeps_to_the_rate_is_refused_by_no_replica(
        count in 1_usize..5,
        steps in prop::collection::vec((0_usize..4, 0_u64..200), 1..400),
    ) {
        let mut replicas = Replicas::new(count, Rate { per_second: 1_000, burst: 2_000 });
        let mut now = NOW;
        for (replica, pause_ms) in steps {
            now += Duration::from_millis(pause_ms);
            if now >= replicas.settled_at + SETTLED_EVERY {
                replicas.settle(now);
            }
            prop_assert!(replicas.pay(replica, pause_ms, now));
        }
    }
}
