//! How often codes may be tried. They cannot be guessed; this bounds what trying costs us.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use governor::{
    NotUntil, Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, keyed::HashMapStateStore},
};
use ipnet::IpNet;
use runtime::{Clock, listener::PeerAddress};

/// Of one address: an ICT firm sets up the gateways of many schools in an afternoon.
const OF_ADDRESS: NonZeroU32 = NonZeroU32::new(60).unwrap();
const OF_ADDRESS_EVERY: Duration = Duration::from_secs(10);
/// Wrong ones of all together.
const OF_ALL_IN_A_SECOND: NonZeroU32 = NonZeroU32::new(50).unwrap();
/// Addresses that are remembered before those that have come to rest are forgotten.
const REMEMBERED: usize = 10_000;

pub struct Pace {
    of_address: RateLimiter<IpNet, HashMapStateStore<IpNet>, Told, NoOpMiddleware<Nanos>>,
    of_all: RateLimiter<NotKeyed, InMemoryState, Told, NoOpMiddleware<Nanos>>,
    proxies: Vec<IpNet>,
    clock: Told,
    /// At how many addresses they are looked through next.
    next_look: AtomicUsize,
}

/// Our clock, as governor asks for it.
#[derive(Debug, Clone)]
struct Told(Clock);

impl GovernorClock for Told {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let since_1970 = self.0.now().timestamp_nanos_opt().and_then(|nanos| u64::try_from(nanos).ok());
        Nanos::new(since_1970.unwrap_or_default())
    }
}

impl Pace {
    pub fn new(clock: Clock, proxies: Vec<IpNet>) -> Self {
        let clock = Told(clock);
        let quota = Quota::with_period(OF_ADDRESS_EVERY).unwrap_or(Quota::per_minute(OF_ADDRESS)).allow_burst(OF_ADDRESS);
        Self {
            of_address: RateLimiter::hashmap_with_clock(quota, clock.clone()),
            of_all: RateLimiter::direct_with_clock(Quota::per_second(OF_ALL_IN_A_SECOND), clock.clone()),
            proxies,
            clock,
            next_look: AtomicUsize::new(REMEMBERED),
        }
    }

    /// Or how long to wait. A proxy speaks for everybody, so those behind one have no bound of an address.
    pub fn admit(&self, peer: Option<PeerAddress>) -> Result<(), Duration> {
        let Some(address) = peer.filter(|peer| !peer.is_of(&self.proxies)).map(PeerAddress::network) else { return Ok(()) };
        self.forget_those_at_rest();
        self.of_address.check_key(&address).map_err(|until| self.wait(&until))
    }

    /// A code was not good. Or how long to wait. Good ones never come here: nobody's guesses keep a school from its gateway.
    pub fn missed(&self) -> Result<(), Duration> {
        self.of_all.check().map_err(|until| self.wait(&until))
    }

    fn wait(&self, until: &NotUntil<Nanos>) -> Duration {
        until.wait_time_from(self.clock.now())
    }

    /// Each look doubles what is remembered before the next, so that a flood of addresses costs little each.
    fn forget_those_at_rest(&self) {
        if self.of_address.len() < self.next_look.load(Ordering::Relaxed) {
            return;
        }
        self.of_address.retain_recent();
        self.next_look.store(REMEMBERED.max(2 * self.of_address.len()), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use runtime::ManualClock;

    use super::*;

    fn peer(address: &str) -> Option<PeerAddress> {
        Some(PeerAddress((address.parse::<std::net::IpAddr>().unwrap(), 40_000).into()))
    }

    fn pace() -> (Pace, ManualClock) {
        let clock = ManualClock::at("2026-11-30T09:00:00Z".parse().unwrap());
        (Pace::new(clock.clone().into(), vec!["10.0.0.0/8".parse().unwrap()]), clock)
    }

    /// How many of these are admitted.
    fn admitted(pace: &Pace, clock: &ManualClock, address: &str, tries: u32) -> u32 {
        let mut admitted = 0;
        for _ in 0..tries {
            admitted += u32::from(pace.admit(peer(address)).is_ok());
            clock.advance(TimeDelta::milliseconds(20));
        }
        admitted
    }

    #[test]
    fn an_address_tries_so_often_and_another_has_its_own() {
        let (pace, clock) = pace();
        assert_eq!(admitted(&pace, &clock, "192.0.2.1", 100), OF_ADDRESS.get());
        assert!(pace.admit(peer("192.0.2.1")).unwrap_err() <= OF_ADDRESS_EVERY);
        assert_eq!(admitted(&pace, &clock, "192.0.2.2", 1), 1);
        clock.advance(TimeDelta::seconds(30));
        assert_eq!(admitted(&pace, &clock, "192.0.2.1", 10), 3, "one every ten seconds");
    }

    #[test]
    fn the_addresses_of_a_subscriber_are_one() {
        let (pace, clock) = pace();
        let of_subscriber: u32 = (0..100).map(|number| admitted(&pace, &clock, &format!("2001:db8::{number:x}"), 1)).sum();
        assert_eq!(of_subscriber, OF_ADDRESS.get());
    }

    #[test]
    fn wrong_codes_of_all_together_have_a_second_and_keep_nobody_from_trying() {
        let (pace, clock) = pace();
        let tries = 2 * OF_ALL_IN_A_SECOND.get();
        let missed = (0..tries).filter(|_| pace.admit(peer("10.0.0.7")).is_ok() && pace.missed().is_ok()).count();
        assert_eq!(missed, OF_ALL_IN_A_SECOND.get() as usize);
        assert!([peer("10.0.0.7"), peer("192.0.2.1"), None].iter().all(|peer| pace.admit(*peer).is_ok()));
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(pace.missed(), Ok(()));
    }

    #[test]
    fn addresses_that_came_to_rest_are_forgotten() {
        let (pace, clock) = pace();
        for number in 0..REMEMBERED {
            let address = format!("2001:db8:{number:x}::1");
            assert_eq!(admitted(&pace, &clock, &address, 1), 1);
        }
        assert!(pace.of_address.len() <= REMEMBERED);
        clock.advance(TimeDelta::hours(1));
        assert_eq!(admitted(&pace, &clock, "192.0.2.1", 1), 1);
        assert_eq!(pace.of_address.len(), 1);
    }
}
