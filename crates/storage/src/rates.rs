//! GCRA rate limiter over all replicas, in Redis; costs are in seconds of quota.
//!
//! Each replica lets in by an allowance of its own and settles from time to time what was paid there. Everything is said in time:
//! what costs two seconds at the rate costs two seconds here, so that Redis need not know the rate. The moments are those of
//! Redis's clock alone, and a rate that is worked off leaves nothing behind.
//!
//! As with everything of [`cache`](crate::cache), what Redis holds may be lost, and Redis may be unavailable: a caller must have
//! a limit of its own.

use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, Script, aio::MultiplexedConnection};

use crate::cache::{self, CacheConfig, CacheError};

/// Further ahead than this nobody is held to be: whatever goes wrong with Redis's clock is over after it.
const MOST_AHEAD: Duration = Duration::from_secs(3_600);

/// A generic cell rate algorithm. `KEYS`: who pays. `ARGV`: the longest there may be ahead; how long ago the first payment may have
/// been; then what each paid. All in microseconds, as a Lua number holds those of this century exactly.
const SETTLE: &str = r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local most, since = tonumber(ARGV[1]), tonumber(ARGV[2])
local ahead = {}
for i, key in ipairs(KEYS) do
    local cost = tonumber(ARGV[i + 2])
    local worked_off_at = math.max(tonumber(redis.call('GET', key) or 0) or 0, now - since) + cost
    local left = math.min(math.max(worked_off_at - now, 0), most)
    if cost > 0 and left > 0 then
        redis.call('SET', key, string.format('%.0f', now + left), 'PX', math.ceil(left / 1000))
    end
    ahead[i] = left
end
return ahead
";

/// What somebody paid since the last settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Who, and of which rate.
    pub key: String,
    /// The time it takes to work it off; nothing: only asks.
    pub cost: Duration,
}

/// What replicas know together. One connection, which is opened when it is needed.
pub struct SharedRates {
    client: Client,
    connection: Option<MultiplexedConnection>,
    prefix: &'static str,
    settle: Script,
}

impl std::fmt::Debug for SharedRates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SharedRates").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl SharedRates {
    /// In the configured Redis, which need not be there yet; `None` where none is configured. `prefix` keeps services apart.
    ///
    /// # Errors
    /// When the URL is not right.
    pub fn of(config: &CacheConfig, prefix: &'static str) -> Result<Option<Self>, CacheError> {
        let Some(client) = cache::client(config)? else { return Ok(None) };
        Ok(Some(Self { client, connection: None, prefix, settle: Script::new(SETTLE) }))
    }

    /// Opens the connection where there is none. The caller that does so first knows, when it fails, that nothing was counted.
    ///
    /// # Errors
    /// When Redis does not answer, or refuses.
    pub async fn connect(&mut self) -> Result<(), CacheError> {
        self.connection = Some(self.take_connection().await?);
        Ok(())
    }

    /// Adds what was paid within the time `since`, and says how far ahead each is then, over all replicas. The payments count from
    /// the beginning of that time: what was worked off meanwhile is not owed any more.
    ///
    /// Some hundred at once, as Redis serves nobody else in between. Without payments it only asks whether Redis is there. The
    /// caller sets the deadline: a caller that drops the future, or gets an error, does not know whether the payments were counted, and
    /// the next call begins with a new connection, so that a Redis that stood still finds no heap of old payments.
    ///
    /// # Errors
    /// When Redis does not answer, or not as it should.
    pub async fn settle(&mut self, payments: &[Payment], since: Duration) -> Result<Vec<Duration>, CacheError> {
        let mut connection = self.take_connection().await?;
        let mut call = self.settle.prepare_invoke();
        call.arg(microseconds(MOST_AHEAD)).arg(microseconds(since));
        for payment in payments {
            call.key(format!("{}:{}", self.prefix, payment.key)).arg(microseconds(payment.cost));
        }
        let ahead: Vec<u64> = call.invoke_async(&mut connection).await?;
        self.connection = Some(connection);
        Ok(ahead.into_iter().map(Duration::from_micros).collect())
    }

    /// Leaves no connection behind, so that the next begins with a new one unless this one is put back.
    async fn take_connection(&mut self) -> Result<MultiplexedConnection, CacheError> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        // The deadline is the caller's.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        self.client.get_multiplexed_async_connection_with_config(&config).await.map_err(|error| cache::refused(&self.client, error))
    }
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.min(2 * MOST_AHEAD).as_micros()).unwrap_or(u64::MAX)
}
