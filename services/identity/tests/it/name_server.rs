//! A name server of the tests, over UDP: it knows what they say.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record,
        rdata::{CNAME, TXT},
    },
};
use testkit::TestProcess;
use tokio::net::UdpSocket;

/// What a name has.
#[derive(Debug, Clone)]
pub enum Has {
    /// Texts, each of one or more strings.
    Texts(Vec<Vec<String>>),
    /// Another name.
    Alias(String),
    /// The server says that it cannot answer.
    Trouble,
}

/// All names that there are.
#[derive(Debug, Clone, Default)]
pub struct Zone(Arc<Mutex<HashMap<String, Has>>>);

impl Zone {
    /// Answers as long as the process runs.
    pub async fn serve(process: &TestProcess) -> (Self, SocketAddr) {
        let zone = Self::default();
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let (answering, shutdown) = (zone.clone(), process.tasks.shutdown());
        let serving = async move {
            let mut buffer = [0; 4_096];
            while let Some(received) = shutdown.or_stop(socket.recv_from(&mut buffer)).await {
                let (length, from) = received.unwrap();
                let answer = answering.answer(&Message::from_vec(&buffer[..length]).unwrap());
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
            Ok::<(), std::convert::Infallible>(())
        };
        process.tasks.spawn("name_server", serving);
        (zone, address)
    }

    pub fn put(&self, name: &str, has: Has) {
        self.0.lock().unwrap().insert(format!("{name}."), has);
    }

    /// The texts of a name, of one string each.
    pub fn put_texts(&self, name: &str, texts: &[&str]) {
        self.put(name, Has::Texts(texts.iter().map(|text| vec![(*text).to_owned()]).collect()));
    }

    pub fn remove(&self, name: &str) {
        self.0.lock().unwrap().remove(&format!("{name}."));
    }

    /// As a server that follows aliases itself.
    fn answer(&self, question: &Message) -> Message {
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.metadata.recursion_available = true;
        answer.queries = question.queries.clone();
        let mut at = question.queries[0].name().clone();
        let zone = self.0.lock().unwrap();
        loop {
            match zone.get(&at.to_string().to_lowercase()) {
                Some(Has::Texts(texts)) => {
                    let records = texts.iter().map(|strings| Record::from_rdata(at.clone(), 0, RData::TXT(TXT::new(strings.clone()))));
                    answer.answers.extend(records);
                    return answer;
                }
                Some(Has::Alias(other)) => {
                    let other = Name::from_ascii(format!("{other}.")).unwrap();
                    answer.answers.push(Record::from_rdata(at, 0, RData::CNAME(CNAME(other.clone()))));
                    at = other;
                }
                Some(Has::Trouble) => {
                    answer.metadata.response_code = ResponseCode::ServFail;
                    return answer;
                }
                None => {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                    return answer;
                }
            }
        }
    }
}
