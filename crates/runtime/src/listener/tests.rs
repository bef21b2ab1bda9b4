use axum::{Router, routing::get};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::Tasks;

async fn started(router: Router, limits: Limits) -> (SocketAddr, Tasks) {
    let listener = Listener::bind("test", "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address();
    let tasks = Tasks::new();
    tasks.spawn("listener", listener.serve(router, limits, tasks.shutdown()));
    (address, tasks)
}

async fn get_over(address: SocketAddr) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_port_in_use_is_said_in_words() {
    let first = Listener::bind("test", "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let complaint = Listener::bind("pages", first.address()).await.unwrap_err().to_string();
    assert!(complaint.contains("in use") && complaint.contains("pages"), "{complaint}");
}

#[tokio::test]
async fn a_request_under_way_is_finished_at_shutdown() {
    let slow = Router::new().route(
        "/",
        get(|| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "finished"
        }),
    );
    let (address, tasks) = started(slow, Limits::default()).await;
    let request = get_over(address);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        tasks.shutdown().request();
    };
    let (answer, ()) = tokio::join!(request, stop);
    assert!(answer.ends_with("finished"), "{answer}");
    tasks.drain(Duration::from_secs(5)).await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nothing is accepted after shutdown");
}

#[tokio::test]
async fn nobody_is_let_in_while_a_request_is_finished() {
    let begun = Arc::new(tokio::sync::Notify::new());
    let go_on = Arc::new(tokio::sync::Notify::new());
    let (has_begun, may_go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
    let waiting = Router::new().route(
        "/",
        get(move || async move {
            has_begun.notify_one();
            may_go_on.notified().await;
            "finished"
        }),
    );
    let (address, tasks) = started(waiting, Limits::default()).await;
    let stop = async {
        begun.notified().await;
        tasks.shutdown().request();
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        go_on.notify_one();
    };
    let both = async { tokio::join!(get_over(address), stop) };
    let (answer, ()) = tokio::time::timeout(Duration::from_secs(10), both).await.expect("connections should be refused");
    assert!(answer.ends_with("finished"), "{answer}");
}

#[tokio::test]
async fn who_says_too_little_is_cut_off() {
    let at_most = Duration::from_millis(100);
    let limits = Limits { first_request_timeout: at_most, header_read_timeout: at_most, ..Limits::default() };
    let (address, _tasks) = started(Router::new(), limits).await;
    let http2_without_a_request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for said in [&b""[..], b"P", b"GET / HTTP/1.1\r\nslow: ", http2_without_a_request] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut answer = Vec::new();
        let hung_up = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(hung_up.is_ok(), "the server should hang up after {:?}", String::from_utf8_lossy(said));
    }
}

#[tokio::test]
async fn an_address_that_is_no_proxy_has_so_many_connections_and_no_more() {
    let limits = Limits { max_connections_per_address: 2, proxies: Vec::new(), ..Limits::default() };
    let (address, _tasks) = started(Router::new().route("/", get(|| async { "finished" })), limits.clone()).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        assert!(ask_again(&mut stream).await.is_some());
        held.push(stream);
    }
    let mut third = tokio::net::TcpStream::connect(address).await.unwrap();
    assert_eq!(ask_again(&mut third).await, None, "closed at once");
    drop(held);
    let asking = async {
        while ask_again(&mut tokio::net::TcpStream::connect(address).await.unwrap()).await.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.expect("there is room again");

    let (behind_a_proxy, _tasks) =
        started(Router::new().route("/", get(|| async { "finished" })), Limits { max_connections_per_address: 2, ..Limits::default() })
            .await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = tokio::net::TcpStream::connect(behind_a_proxy).await.unwrap();
        assert!(ask_again(&mut stream).await.is_some());
        held.push(stream);
    }
}

#[tokio::test]
async fn a_head_larger_than_may_be_read_ahead_is_refused() {
    let (address, _tasks) = started(Router::new(), Limits::default()).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut head = b"GET / HTTP/1.1\r\nx: ".to_vec();
    head.resize(MOST_READ_AHEAD, b'x');
    stream.write_all(&head).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut answer)).await.expect("an answer").unwrap();
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_when_its_connection_is_old() {
    let soon = Duration::from_millis(100);
    let limits = Limits { max_connection_age: soon, max_connection_linger: soon, ..Limits::default() };
    let without_end =
        Router::new().route("/", get(|| async { axum::body::Body::from_stream(futures::stream::pending::<Result<String, Infallible>>()) }));
    let (address, _tasks) = started(without_end, limits).await;
    let cut = tokio::time::timeout(Duration::from_secs(20), get_over(address)).await;
    assert!(cut.expect("the server should hang up").starts_with("HTTP/1.1 200"));
}

/// Asks on an open connection and reads the whole answer; `None` when it was closed.
async fn ask_again(stream: &mut tokio::net::TcpStream) -> Option<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.ok()?;
    let mut answer = vec![0; 1_024];
    let mut length = 0;
    while !answer[..length].ends_with(b"finished") {
        match stream.read(&mut answer[length..]).await.ok()? {
            0 => return None,
            read => length += read,
        }
    }
    Some(String::from_utf8_lossy(&answer[..length]).into_owned())
}

#[tokio::test]
async fn a_connection_is_kept_between_requests_for_longer_than_a_head_may_take() {
    let limits = Limits { header_read_timeout: Duration::from_millis(300), ..Limits::default() };
    let (address, _tasks) = started(Router::new().route("/", get(|| async { "finished" })), limits).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    for _ in 0..2 {
        assert!(ask_again(&mut stream).await.is_some());
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    assert!(ask_again(&mut stream).await.is_some());
}

#[tokio::test]
async fn a_connection_that_is_silent_for_too_long_is_closed() {
    let limits = Limits { idle_timeout: Duration::from_millis(300), ..Limits::default() };
    let (address, _tasks) = started(Router::new().route("/", get(|| async { "finished" })), limits).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    assert!(ask_again(&mut stream).await.is_some());
    let closed = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 8])).await;
    assert_eq!(closed.expect("the server should hang up").unwrap(), 0);
}

#[tokio::test]
async fn a_head_sent_letter_by_letter_on_a_kept_connection_is_cut_off() {
    let limits = Limits { header_read_timeout: Duration::from_millis(300), ..Limits::default() };
    let (address, _tasks) = started(Router::new().route("/", get(|| async { "finished" })), limits).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    assert!(ask_again(&mut stream).await.is_some());
    stream.write_all(b"GET / HTTP/1.1\r\nslow: ").await.unwrap();
    let mut rest = Vec::new();
    let hung_up = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    assert!(hung_up.is_ok(), "the server should hang up");
}

#[tokio::test]
async fn a_slow_answer_is_not_taken_for_silence() {
    let limits = Limits { header_read_timeout: Duration::from_millis(50), ..Limits::default() };
    let slow = Router::new().route(
        "/",
        get(|| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "finished"
        }),
    );
    let (address, _tasks) = started(slow, limits).await;
    assert!(get_over(address).await.ends_with("finished"));
}

#[tokio::test]
async fn a_connection_of_http2_is_closed_when_it_has_no_request_for_too_long() {
    let release = Arc::new(tokio::sync::Notify::new());
    let released = Arc::clone(&release);
    let held = get(move || async move {
        released.notified().await;
        "finished"
    });
    let limits = Limits { idle_timeout: Duration::from_millis(100), ..Limits::default() };
    let (address, _tasks) = started(Router::new().route("/", get(|| async { "finished" })).route("/held", held), limits).await;
    let (mut with_a_request, _goes_on) = multiplexed(address).await;
    let (mut without, closed) = multiplexed(address).await;
    let idle = async {
        assert_eq!(ask_multiplexed(&mut without, "/").await, "finished");
        tokio::time::timeout(Duration::from_secs(20), closed).await.expect("the server should hang up").unwrap().unwrap();
        release.notify_one();
    };
    let (answer, ()) = tokio::join!(ask_multiplexed(&mut with_a_request, "/held"), idle);
    assert_eq!(answer, "finished", "an answer under way is waited for");
}

#[tokio::test]
async fn a_client_of_http2_is_told_that_its_connection_will_be_closed() {
    const PREFACE_AND_SETTINGS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    /// HEADERS that end stream 1: GET, http, /, and the authority "x" (RFC 7541, appendix A).
    const REQUEST: &[u8] = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x";
    const GOAWAY: u8 = 7;
    let limits = Limits { idle_timeout: Duration::from_millis(100), ..Limits::default() };
    let (address, _tasks) = started(Router::new().route("/", get(|| async { "finished" })), limits).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(&[PREFACE_AND_SETTINGS, REQUEST].concat()).await.unwrap();
    let told = async { while frame(&mut stream).await.expect("closed without a word") != GOAWAY {} };
    tokio::time::timeout(Duration::from_secs(20), told).await.expect("the server should say that it closes");
}

/// Reads a frame of HTTP/2, and says of which type it is.
async fn frame(stream: &mut tokio::net::TcpStream) -> io::Result<u8> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    let [high, middle, low, kind, ..] = head;
    let mut content = vec![0; u32::from_be_bytes([0, high, middle, low]) as usize];
    stream.read_exact(&mut content).await?;
    Ok(kind)
}

type Sender = hyper::client::conn::http2::SendRequest<axum::body::Body>;

/// A connection of HTTP/2, and the task that ends with it.
async fn multiplexed(address: SocketAddr) -> (Sender, tokio::task::JoinHandle<hyper::Result<()>>) {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the connection")]
    let connection = tokio::spawn(connection);
    (sender, connection)
}

async fn ask_multiplexed(sender: &mut Sender, path: &str) -> axum::body::Bytes {
    let request = Request::get(format!("http://x{path}")).body(axum::body::Body::empty()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    axum::body::to_bytes(axum::body::Body::new(answer.into_body()), 1_024).await.unwrap()
}
