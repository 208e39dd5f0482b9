//! The way to the broker: an address that is never shown, a connection, and its errors in words.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeleteOptions};
use lapin::tcp::OwnedTLSConfig;
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionBuilder, ConnectionProperties, Consumer, ErrorKind,
};

use super::topology;
use crate::config::secret::Secret;

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long the broker may take to do what it is asked, or to confirm; one whose disk is full never confirms.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long it may take to delete a queue that has no leader: it asks all that could be one.
const DELETE_WITHIN: Duration = Duration::from_secs(20);
/// Seconds between signs of life on a connection; two missed ones end it.
const HEARTBEAT: u16 = 5;

/// Where the broker is.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// `amqp://` or `amqps://`, with user and password.
    pub url: Secret,
    /// Certificates in PEM to trust besides the system's, for `amqps://`.
    pub ca: Option<PathBuf>,
}

/// What is wrong with the broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The address can't be understood; it isn't shown, for it holds a password.
    #[error("workers.broker: expected amqp://USER:PASSWORD@HOST:5672/VHOST, or amqps://")]
    Url,
    /// The file of certificates can't be read.
    #[error("{}: can't be read: {source}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It didn't answer in time.
    #[error("the broker did not answer within {} seconds", .0.as_secs())]
    Slow(Duration),
    /// It said no, or the connection ended.
    #[error("the broker: {0}")]
    Said(String),
    /// A message that had to arrive could not be delivered to any queue.
    #[error("the broker has no queue `{0}`")]
    NoQueue(String),
    /// The broker would not take a message: its queue is full.
    #[error("the broker refused a message: the queue is full")]
    Full,
    /// A queue that nobody could use was deleted; whoever needs it declares it again.
    #[error("the broker's queue `{0}` had no leader and was deleted; it is made anew")]
    Leaderless(String),
    /// It takes no messages at the moment.
    #[error("the broker takes no messages: its disk or its memory is full; `rabbitmqctl status` says which")]
    Blocked,
}

impl From<lapin::Error> for BrokerError {
    fn from(error: lapin::Error) -> Self {
        Self::Said(match error.kind() {
            ErrorKind::ProtocolError(said) => said.get_message().to_string(),
            ErrorKind::IOError(error) => error.to_string(),
            ErrorKind::MissingHeartbeatError => "it has gone silent".to_owned(),
            ErrorKind::InvalidChannelState(..) | ErrorKind::InvalidConnectionState(_) => {
                "the connection has ended".to_owned()
            }
            other => format!("{other:?}").split(['(', '{']).next().unwrap_or_default().trim().to_owned(),
        })
    }
}

/// A connection with a channel that confirms what is published, and another for the rest.
#[derive(Clone)]
pub struct Link {
    connection: Arc<Connection>,
    /// What is published here is confirmed.
    pub confirmed: Channel,
    /// What is published here may be lost; and whatever is consumed.
    pub channel: Channel,
}

/// Connects, as `name` for whoever looks at the broker's list, and declares what all share.
///
/// # Errors
/// Everything that keeps it from doing so.
pub async fn connect(config: &BrokerConfig, name: &str) -> Result<Link, BrokerError> {
    let link = async {
        let connection = open(config, name).await?;
        let confirmed = connection.create_channel().await?;
        confirmed.confirm_select(ConfirmSelectOptions::default()).await?;
        let channel = connection.create_channel().await?;
        topology::declare(&channel).await?;
        Ok(Link { connection: Arc::new(connection), confirmed, channel })
    };
    within(CONNECT_WITHIN, link).await
}

/// No question to the broker is waited for for ever.
async fn within<T>(limit: Duration, asked: impl Future<Output = Result<T, BrokerError>>) -> Result<T, BrokerError> {
    tokio::time::timeout(limit, asked).await.unwrap_or(Err(BrokerError::Slow(limit)))
}

async fn open(config: &BrokerConfig, name: &str) -> Result<Connection, BrokerError> {
    let mut uri: AMQPUri = config.url.expose().parse().map_err(|_| BrokerError::Url)?;
    uri.query.heartbeat = Some(uri.query.heartbeat.unwrap_or(HEARTBEAT));
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let mut builder = ConnectionBuilder::new()?.with_uri(uri).with_properties(properties);
    if let Some(path) = &config.ca {
        let cert_chain = Some(certificates(path)?);
        builder = builder.with_tls_config(OwnedTLSConfig { identity: None, cert_chain });
    }
    Ok(builder.connect().await?)
}

fn certificates(path: &Path) -> Result<String, BrokerError> {
    std::fs::read_to_string(path).map_err(|source| BrokerError::Certificates { path: path.to_owned(), source })
}

impl Link {
    /// Whether it can be used at all.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), BrokerError> {
        let status = self.connection.status();
        if !status.connected() {
            return Err(BrokerError::Said("the connection has ended".to_owned()));
        }
        if status.blocked() { Err(BrokerError::Blocked) } else { Ok(()) }
    }

    /// One more channel.
    ///
    /// # Errors
    /// As the broker says.
    pub async fn open_channel(&self) -> Result<Channel, BrokerError> {
        Ok(self.connection.create_channel().await?)
    }

    /// Publishes what must arrive in this queue, and waits until it is safe there.
    ///
    /// # Errors
    /// When it isn't, or isn't known to be.
    pub async fn deliver(&self, queue: &str, body: &[u8], properties: BasicProperties) -> Result<(), BrokerError> {
        self.check()?;
        let properties = properties.with_delivery_mode(2).with_content_type("application/json".into());
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let delivered = async {
            let confirm = self.confirmed.basic_publish("".into(), queue.into(), options, body, properties).await?;
            match confirm.await? {
                Confirmation::Ack(None) => Ok(()),
                Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(BrokerError::NoQueue(queue.to_owned())),
                Confirmation::Nack(None) | Confirmation::NotRequested => Err(BrokerError::Full),
            }
        };
        within(ANSWER_WITHIN, delivered).await
    }

    /// Publishes what may be lost.
    ///
    /// # Errors
    /// When it is known to be.
    pub async fn tell(&self, exchange: &str, key: &str, body: &[u8]) -> Result<(), BrokerError> {
        self.check()?;
        let properties = BasicProperties::default().with_content_type("application/json".into());
        self.channel
            .basic_publish(exchange.into(), key.into(), BasicPublishOptions::default(), body, properties)
            .await?;
        Ok(())
    }

    /// Takes what a queue holds.
    ///
    /// # Errors
    /// As the broker says.
    pub async fn listen(&self, queue: &str, no_ack: bool) -> Result<Consumer, BrokerError> {
        self.listen_on(&self.channel, queue, no_ack).await
    }

    /// The same on a channel of its own bounds.
    ///
    /// A quorum queue that was made within about a second before its broker was killed may come back without a leader
    /// (RabbitMQ 3.10): it confirms nothing and answers no consumer, ever. It holds nothing that anybody counts on, so it is
    /// deleted.
    ///
    /// # Errors
    /// As the broker says.
    pub async fn listen_on(&self, channel: &Channel, queue: &str, no_ack: bool) -> Result<Consumer, BrokerError> {
        let options = BasicConsumeOptions { no_ack, ..BasicConsumeOptions::default() };
        let consumer = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
        match within(ANSWER_WITHIN, async { Ok(consumer.await?) }).await {
            Err(BrokerError::Slow(_)) => {
                let channel = self.open_channel().await?;
                let deleted = channel.queue_delete(queue.into(), QueueDeleteOptions::default());
                within(DELETE_WITHIN, async { Ok(deleted.await?) }).await?;
                Err(BrokerError::Leaderless(queue.to_owned()))
            }
            consumer => consumer,
        }
    }

    /// Waits for the broker's answer to something else, as long as it may take.
    ///
    /// # Errors
    /// As the broker says.
    pub async fn answer<T>(&self, answer: impl Future<Output = lapin::Result<T>>) -> Result<T, BrokerError> {
        within(ANSWER_WITHIN, async { Ok(answer.await?) }).await
    }

    /// Says goodbye.
    pub async fn close(&self) {
        let goodbye = self.connection.close(200, "".into());
        let _ = tokio::time::timeout(Duration::from_secs(1), goodbye).await;
    }
}
