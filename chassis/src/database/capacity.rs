//! Whether a database has room for the connections of all services.

use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinSet;

use crate::database::connect_error::ConnectError;
use crate::database::connector::{CONNECT_TIMEOUT, CONNECTIONS, Connector, ensure_distinct};

/// Makes sure that the database has room for that many full `pools`, by opening as many
/// connections, and returns one of them.
///
/// # Errors
/// See [`ConnectError`].
pub async fn connect(
    options: PgConnectOptions,
    pools: usize,
) -> Result<PgConnection, ConnectError> {
    let connector = Connector::new(options, CONNECT_TIMEOUT);
    let mut one = connector.connect().await?;
    let mut other = connector.connect().await?;
    ensure_distinct(&mut one, &mut other).await?;
    let needed = pools * CONNECTIONS;
    let mut others = JoinSet::new();
    for _ in 2..needed {
        let connector = connector.clone();
        others.spawn(async move { connector.connect().await });
    }
    let mut open = vec![other];
    while let Some(Ok(outcome)) = others.join_next().await {
        match outcome {
            Ok(connection) => open.push(connection),
            Err(ConnectError::Connections { message, .. }) => {
                return Err(ConnectError::Connections { message, needed });
            }
            Err(silence @ ConnectError::Silence(..)) => return Err(silence),
            Err(_) => {
                let message = format!("{} and no more", open.len() + 1);
                return Err(ConnectError::Connections { message, needed });
            }
        }
    }
    Ok(one)
}
