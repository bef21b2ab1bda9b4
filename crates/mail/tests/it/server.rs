//! A mail server: the protocol is mailin's, the sockets and the manners are ours.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder, response};
use runtime::Tasks;
use testkit::eventually;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

/// What it does at the next connection, in place of accepting a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Answers this in place of its reply to the command that begins so; `.` ends a mail.
    Answers(&'static str, &'static str),
    /// Says its reply to the command that begins so twice; to the empty one, everything.
    SaysTwice(&'static str),
    /// Hangs up at this command.
    HangsUpAt(&'static str),
    /// Answers nothing more from this command on, until it is told to hang up.
    StallsAt(&'static str),
    /// Accepts the mail and does not say so.
    AcceptsInSilence,
}

/// When it speaks TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Plainly,
    TlsAtOnce,
    TlsWhenAsked,
}

pub const USER: &str = "schildwacht";
pub const PASSWORD: &str = "0f3a9c41";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub message: String,
}

impl Received {
    /// The first header of this name, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers().into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    pub fn headers(&self) -> Vec<(String, String)> {
        let (head, _body) = self.message.split_once("\r\n\r\n").expect("an empty line after the headers");
        let unfolded = head.replace("\r\n ", " ");
        let parts = unfolded.split("\r\n").map(|line| line.split_once(": ").expect("a name and a value"));
        parts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

#[derive(Default)]
struct Said {
    manners: VecDeque<Manner>,
    accepted: Vec<Received>,
    /// User and password, as they came.
    sign_ins: Vec<(String, String)>,
    hang_up: Arc<Notify>,
}

pub struct Server {
    pub address: SocketAddr,
    said: Arc<Mutex<Said>>,
    tasks: Tasks,
}

impl Server {
    pub async fn start() -> Self {
        Self::speaking(Speaks::Plainly, None).await
    }

    pub async fn speaking(speaks: Speaks, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), said: Arc::default(), tasks: Tasks::new() };
        let (said, tasks, shutdown) = (Arc::clone(&server.said), server.tasks.clone(), server.tasks.shutdown());
        server.tasks.spawn("server", async move {
            while let Some(Ok((socket, _peer))) = shutdown.or_stop(listener.accept()).await {
                let (said, tls, shutdown) = (Arc::clone(&said), tls.clone(), shutdown.clone());
                tasks.spawn("connection", async move {
                    // A client that hangs up is no fault of the server.
                    let _ended = shutdown.or_stop(converse(socket, speaks, tls, said)).await;
                    Ok::<_, io::Error>(())
                });
            }
            Ok::<_, io::Error>(())
        });
        server
    }

    /// At the next connections, one each.
    pub fn will(&self, manners: impl IntoIterator<Item = Manner>) {
        self.said.lock().unwrap().manners.extend(manners);
    }

    pub fn accepted(&self) -> Vec<Received> {
        self.said.lock().unwrap().accepted.clone()
    }

    pub fn sign_ins(&self) -> Vec<(String, String)> {
        self.said.lock().unwrap().sign_ins.clone()
    }

    /// Until the last of what it was told to do has begun.
    pub async fn until_misbehaving(&self) {
        eventually("the last connection", async || self.said.lock().unwrap().manners.is_empty().then_some(())).await;
    }

    /// Where it stalls.
    pub fn hang_up(&self) {
        self.said.lock().unwrap().hang_up.notify_one();
    }

    pub async fn until_accepted(&self, count: usize) {
        eventually("accepted mail", async || (self.accepted().len() >= count).then_some(())).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.shutdown().request();
    }
}

struct Receives {
    said: Arc<Mutex<Said>>,
    accepts: bool,
    now: Received,
}

impl Handler for Receives {
    fn mail(&mut self, _ip: IpAddr, _domain: &str, from: &str) -> Response {
        self.now = Received { from: from.to_owned(), ..Received::default() };
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        self.now.to.push(to.to_owned());
        response::OK
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        self.now.message.push_str(std::str::from_utf8(line).expect("ASCII, as nothing else was agreed on"));
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        if self.accepts {
            self.said.lock().unwrap().accepted.push(std::mem::take(&mut self.now));
        }
        response::OK
    }

    fn auth_plain(&mut self, _acts_for: &str, user: &str, password: &str) -> Response {
        self.said.lock().unwrap().sign_ins.push((user.to_owned(), password.to_owned()));
        if (user, password) == (USER, PASSWORD) { response::AUTH_OK } else { response::INVALID_CREDENTIALS }
    }
}

async fn converse(socket: TcpStream, speaks: Speaks, tls: Option<TlsAcceptor>, said: Arc<Mutex<Said>>) -> io::Result<()> {
    let (manner, hang_up) = {
        let mut said = said.lock().unwrap();
        (said.manners.pop_front(), Arc::clone(&said.hang_up))
    };
    let accepts = !matches!(manner, Some(Manner::Answers(".", _)));
    let mut builder = SessionBuilder::new("mail.example");
    if speaks == Speaks::TlsWhenAsked {
        builder.enable_start_tls();
    }
    if speaks != Speaks::Plainly {
        builder.enable_auth(AuthMechanism::Plain);
    }
    let mut session = builder.build(Ipv4Addr::LOCALHOST.into(), Receives { said, accepts, now: Received::default() });
    match tls {
        Some(tls) if speaks == Speaks::TlsAtOnce => {
            session.tls_active();
            let mut stream = BufReader::new(tls.accept(socket).await?);
            greet(&mut stream, manner).await?;
            talk(&mut stream, &mut session, manner, &hang_up).await?;
        }
        Some(tls) if speaks == Speaks::TlsWhenAsked => {
            let mut stream = BufReader::new(socket);
            greet(&mut stream, manner).await?;
            if talk(&mut stream, &mut session, manner, &hang_up).await? {
                session.tls_active();
                talk(&mut BufReader::new(tls.accept(stream.into_inner()).await?), &mut session, manner, &hang_up).await?;
            }
        }
        _ => {
            let mut stream = BufReader::new(socket);
            greet(&mut stream, manner).await?;
            talk(&mut stream, &mut session, manner, &hang_up).await?;
        }
    }
    Ok(())
}

async fn greet(stream: &mut (impl AsyncWrite + Unpin), manner: Option<Manner>) -> io::Result<()> {
    answer(stream, b"220 mail.example ESMTP\r\n", manner == Some(Manner::SaysTwice(""))).await
}

/// Until the client leaves (`false`), or asks for TLS and may have it (`true`).
async fn talk<S>(stream: &mut BufReader<S>, session: &mut Session<Receives>, manner: Option<Manner>, hang_up: &Notify) -> io::Result<bool>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).await? > 0 {
        let asked = String::from_utf8_lossy(&line).trim_end().to_owned();
        let is_at = |command: &str| if command == "." { asked == "." } else { asked.starts_with(command) };
        match manner {
            Some(Manner::Answers(command, said)) if is_at(command) => {
                if command == "." {
                    // Else what follows would belong to the mail.
                    session.process(&line);
                }
                line.clear();
                stream.write_all(said.as_bytes()).await?;
                stream.flush().await?;
                continue;
            }
            Some(Manner::HangsUpAt(command)) if is_at(command) => return Ok(false),
            Some(Manner::StallsAt(command)) if is_at(command) => {
                hang_up.notified().await;
                return Ok(false);
            }
            _ => {}
        }
        let reply = session.process(&line);
        line.clear();
        if manner == Some(Manner::AcceptsInSilence) && is_at(".") {
            std::future::pending::<()>().await;
        }
        if reply.action == Action::NoReply {
            continue;
        }
        let is_said_twice = matches!(manner, Some(Manner::SaysTwice(command)) if is_at(command));
        answer(stream, &reply.buffer()?, is_said_twice).await?;
        match reply.action {
            Action::Close => return Ok(false),
            Action::UpgradeTls => return Ok(true),
            Action::NoReply | Action::Reply => {}
        }
    }
    Ok(false)
}

async fn answer(stream: &mut (impl AsyncWrite + Unpin), reply: &[u8], is_said_twice: bool) -> io::Result<()> {
    stream.write_all(&reply.repeat(1 + usize::from(is_said_twice))).await?;
    stream.flush().await
}
