//! Which credentials of an account are alive: those that processes may remember, and have to be told of.

use elenchus_rpc::UserId;
use elenchus_rpc::session::Credential;
use elenchus_rpc::token::TokenHash;
use sqlx::PgConnection;
use uuid::Uuid;

/// The sessions, API tokens and grants of an account that have not ended.
pub(super) async fn credentials_of(
    connection: &mut PgConnection,
    user_id: UserId,
) -> Result<Vec<Credential>, sqlx::Error> {
    let sessions: Vec<Uuid> = sqlx::query_scalar(
        "SELECT session_id FROM session
         WHERE user_id = $1 AND ended_at IS NULL AND now() < expires_at",
    )
    .bind(user_id.0)
    .fetch_all(&mut *connection)
    .await?;
    let tokens: Vec<TokenHash> = sqlx::query_scalar(
        "SELECT token_hash FROM api_token WHERE user_id = $1 AND now() < expires_at
         UNION ALL
         SELECT token_hash FROM user_grant WHERE user_id = $1 AND now() < expires_at",
    )
    .bind(user_id.0)
    .fetch_all(connection)
    .await?;
    let sessions = sessions.into_iter().map(Credential::Session);
    Ok(sessions.chain(tokens.into_iter().map(Credential::Token)).collect())
}
