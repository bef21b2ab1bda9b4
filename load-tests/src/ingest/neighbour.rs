//! What one school's gateways can do to another school's: how long its posts take while four gateways announce more than there is memory for,
//! and do not send it.

use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    runtime::{Builder, Handle},
};

use super::{
    http1::Connection,
    quota::{Effort, Purpose, Quota},
    sample::Samples,
    setup::{Measured, SIBLINGS, Setup},
    variant::{Encoding, Log, Surface},
};
use crate::table::Table;

/// Requests that each of the gateways of one school announces at once.
const ANNOUNCED: usize = 8;
/// Size of each: the largest body.
const ANNOUNCED_BYTES: usize = 8 << 20;
/// Events in each post of the neighbour.
const BATCH: usize = 100;

/// Measures how long the neighbour's posts take, alone and beside the gateways that announce.
pub fn measure(quick: bool, background: &Handle) -> Result<String> {
    let posts = if quick { 200 } else { 2_000 };
    // The issuer is in it, and lives as long.
    let setup = Setup::make(background)?;
    let measured = setup.open(Log::Embedded)?;
    let samples = Samples::default();
    let bodies = samples.bodies(Surface::OtlpHttp, Encoding::Plain, BATCH);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (alone, beside) = runtime.block_on(async {
        let mut neighbour = Neighbour::connect(&measured).await?;
        neighbour.post(&bodies, posts / 10).await?;
        let alone = neighbour.post(&bodies, posts).await?;
        let _held = announce(&measured).await?;
        anyhow::Ok((alone, neighbour.post(&bodies, posts).await?))
    })?;
    measured.stop()?;

    let note = format!(
        "A school's posts of {BATCH} events, one after the other, while {SIBLINGS} gateways of another school announce {ANNOUNCED} bodies of {} MiB each and send \
         one byte of them. Every post must be accepted.",
        ANNOUNCED_BYTES >> 20
    );
    let mut table = Table::new("Ingest: the neighbour", note, &["", "accepted", "median ms", "p99 ms", "× median"]);
    for (what, times) in [("alone", &alone), ("beside", &beside)] {
        let (median, p99) = (percentile(times, 50), percentile(times, 99));
        let ratio = median.as_secs_f64() / percentile(&alone, 50).as_secs_f64();
        let millis = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1_000.0);
        table.row([what.to_owned(), times.len().to_string(), millis(median), millis(p99), format!("{ratio:.2}")]);
    }
    Ok(table.to_string())
}

/// A gateway of another school.
struct Neighbour(Connection);

impl Neighbour {
    async fn connect(measured: &Measured) -> Result<Self> {
        let token = measured.tokens[SIBLINGS].clone();
        let address = measured.addresses.otlp_http;
        let purpose = Purpose { surface: Surface::OtlpHttp, encoding: Encoding::Plain, batch: BATCH, address, token };
        Ok(Self(Connection::open(&purpose).await?))
    }

    /// How long each post took, sorted. Fails when one is not accepted.
    async fn post(&mut self, bodies: &[Bytes], posts: usize) -> Result<Vec<Duration>> {
        let once = Effort { time: Duration::from_secs(60), bytes: 1 };
        let mut times = Vec::with_capacity(posts);
        for body in bodies.chunks(1).cycle().take(posts) {
            let began = Instant::now();
            self.0.send(&Quota::new(body, once)).await?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        Ok(times)
    }
}

/// Connections of the gateways of one school that have announced bodies, and sent a byte of each.
async fn announce(measured: &Measured) -> Result<Vec<TcpStream>> {
    let mut held = Vec::new();
    for token in measured.tokens.iter().take(SIBLINGS) {
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/x-protobuf\r\ncontent-length: {ANNOUNCED_BYTES}\r\n\r\n\n",
            telemetry_ingest::OTLP_HTTP_PATH
        );
        for _ in 0..ANNOUNCED {
            let mut stream = TcpStream::connect(measured.addresses.otlp_http).await?;
            stream.write_all(head.as_bytes()).await?;
            held.push(stream);
        }
    }
    // Until all have been read: the last one's first byte takes less than this.
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(held)
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}
