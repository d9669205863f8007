//! The second factor's rows. One lock on the account's row puts those who show codes at once in a
//! line, so that a code works once and guesses are counted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use elenchus_sealed::Purpose;
use sqlx::{FromRow, PgConnection};

use super::{Store, audit};
use crate::domain::audit::{Act, Event};
use crate::domain::{Error, Origin, SecondFactorState};
use crate::mail::{Letter, Matter};
use crate::second_factor::{TotpSecret, digits, hash, now};

/// Wrong codes in a row that cost nothing.
const FREE_FAILURES: i32 = 5;
/// The wait after one more; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What came of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The authenticator's.
    Right,
    /// A recovery code, now spent; so many are left.
    Recovered(i64),
    /// Neither.
    Wrong,
    /// Not looked at: too many were wrong.
    Locked(Duration),
}

#[derive(FromRow)]
struct Row {
    sealed_secret: Vec<u8>,
    is_confirmed: bool,
    last_step: i64,
    failures: i32,
    locked_for: Option<f64>,
}

#[derive(FromRow)]
struct StateRow {
    confirmed_at: Option<DateTime<Utc>>,
    codes: i64,
}

impl Verdict {
    /// What the owner is told of a code that did not do.
    fn accepted(self) -> Result<Self, Error> {
        match self {
            Self::Right | Self::Recovered(_) => Ok(self),
            Self::Wrong => Err(Error::field(
                "code",
                "is not a code that your authenticator shows now, nor a recovery code that is left",
            )),
            Self::Locked(retry_after) => Err(Error::TooManyAttempts { retry_after }),
        }
    }
}

impl Store {
    /// What the owner may know of it.
    pub(crate) async fn second_factor(&self, user_id: UserId) -> Result<SecondFactorState, Error> {
        let row: Option<StateRow> = sqlx::query_as(
            "SELECT confirmed_at,
                    (SELECT count(*) FROM recovery_code WHERE recovery_code.user_id = $1) AS codes
             FROM second_factor WHERE user_id = $1",
        )
        .bind(user_id.0)
        .fetch_optional(&self.pool)
        .await?;
        let enabled = row.and_then(|row| Some((row.confirmed_at?, row.codes)));
        Ok(SecondFactorState {
            enabled_at: enabled.map(|(at, _)| at),
            recovery_codes_left: enabled.map_or(0, |(_, codes)| codes),
        })
    }

    /// Keeps a secret that is not demanded yet, in the place of one that never was.
    pub(crate) async fn enrol_second_factor(
        &self,
        user_id: UserId,
        secret: &TotpSecret,
    ) -> Result<(), Error> {
        let sealed = self
            .sealer
            .seal(Purpose::SecondFactor, user_id.0, secret.as_bytes())
            .map_err(Error::internal)?;
        let done = sqlx::query(
            "INSERT INTO second_factor (user_id, sealed_secret) VALUES ($1, $2)
             ON CONFLICT (user_id) DO UPDATE
             SET sealed_secret = $2, last_step = 0, failures = 0, locked_until = NULL
             WHERE second_factor.confirmed_at IS NULL",
        )
        .bind(user_id.0)
        .bind(sealed)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 0 { Err(Error::SecondFactorEnabled) } else { Ok(()) }
    }

    /// Begins to demand it.
    pub(crate) async fn confirm_second_factor(
        &self,
        user_id: UserId,
        code: &str,
        recovery_codes: &[String],
        origin: &Origin,
    ) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        let row = lock(&mut transaction, user_id).await?.ok_or(Error::NoSecondFactor)?;
        if row.is_confirmed {
            return Err(Error::SecondFactorEnabled);
        }
        let verdict = self.judge(&mut transaction, user_id, &row, code).await?;
        if let Err(refusal) = verdict.accepted() {
            transaction.commit().await?;
            return Err(refusal);
        }
        sqlx::query("UPDATE second_factor SET confirmed_at = now() WHERE user_id = $1")
            .bind(user_id.0)
            .execute(&mut *transaction)
            .await?;
        keep_codes(&mut transaction, user_id, recovery_codes).await?;
        let event = Event::by_owner(Act::EnableSecondFactor, user_id);
        audit::record(&mut transaction, &event, origin).await?;
        self.tell(&mut transaction, user_id, Matter::SecondFactorEnabled).await?;
        Ok(transaction.commit().await?)
    }

    /// Stops demanding it.
    pub(crate) async fn disable_second_factor(
        &self,
        user_id: UserId,
        code: &str,
        origin: &Origin,
    ) -> Result<(), Error> {
        let mut transaction = self.prove(user_id, code, origin).await?;
        sqlx::query("DELETE FROM second_factor WHERE user_id = $1")
            .bind(user_id.0)
            .execute(&mut *transaction)
            .await?;
        let event = Event::by_owner(Act::DisableSecondFactor, user_id);
        audit::record(&mut transaction, &event, origin).await?;
        self.tell(&mut transaction, user_id, Matter::SecondFactorDisabled).await?;
        Ok(transaction.commit().await?)
    }

    /// Puts fresh recovery codes in the place of all that are left.
    pub(crate) async fn renew_recovery_codes(
        &self,
        user_id: UserId,
        code: &str,
        recovery_codes: &[String],
        origin: &Origin,
    ) -> Result<(), Error> {
        let mut transaction = self.prove(user_id, code, origin).await?;
        keep_codes(&mut transaction, user_id, recovery_codes).await?;
        let event = Event::by_owner(Act::RenewRecoveryCodes, user_id);
        audit::record(&mut transaction, &event, origin).await?;
        Ok(transaction.commit().await?)
    }

    /// A transaction in which the owner has shown a code of the factor that is demanded.
    async fn prove(
        &self,
        user_id: UserId,
        code: &str,
        origin: &Origin,
    ) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, Error> {
        let mut transaction = self.pool.begin().await?;
        let verdict = self.check_code(&mut transaction, user_id, code, origin).await?;
        match verdict.ok_or(Error::NoSecondFactor)?.accepted() {
            Ok(_) => Ok(transaction),
            Err(refusal) => {
                transaction.commit().await?;
                Err(refusal)
            }
        }
    }

    /// Judges a code against the factor that is demanded, and counts it. None where none is.
    pub(super) async fn check_code(
        &self,
        transaction: &mut PgConnection,
        user_id: UserId,
        code: &str,
        origin: &Origin,
    ) -> Result<Option<Verdict>, Error> {
        let row = lock(transaction, user_id).await?.filter(|row| row.is_confirmed);
        let Some(row) = row else { return Ok(None) };
        let verdict = self.judge(transaction, user_id, &row, code).await?;
        match verdict {
            Verdict::Right | Verdict::Locked(_) => {}
            Verdict::Recovered(left) => {
                let event = Event::by_owner(Act::UseRecoveryCode, user_id).with("left", left);
                audit::record(transaction, &event, origin).await?;
                self.tell(transaction, user_id, Matter::RecoveryCodeUsed { left }).await?;
            }
            Verdict::Wrong => {
                let event = Event::refused(Act::ShowCode, "SECOND_FACTOR_WRONG").about(user_id);
                audit::record(transaction, &event, origin).await?;
                // Only codes of the authenticator are counted.
                if digits(code).is_some() && row.failures + 1 == FREE_FAILURES {
                    self.tell(transaction, user_id, Matter::SecondFactorGuessed).await?;
                }
            }
        }
        Ok(Some(verdict))
    }

    async fn judge(
        &self,
        transaction: &mut PgConnection,
        user_id: UserId,
        row: &Row,
        code: &str,
    ) -> Result<Verdict, Error> {
        let Some(code) = digits(code) else {
            let left = spend_code(transaction, user_id, code).await?;
            // Nobody guesses a recovery code, so wrong ones bar nobody's way.
            return Ok(left.map_or(Verdict::Wrong, Verdict::Recovered));
        };
        if let Some(seconds) = row.locked_for.filter(|seconds| *seconds > 0.0) {
            return Ok(Verdict::Locked(Duration::from_secs_f64(seconds.ceil())));
        }
        let secret = self
            .sealer
            .open(Purpose::SecondFactor, user_id.0, &row.sealed_secret)
            .map_err(|_| Error::SecondFactorUnreadable)?;
        let secret = TotpSecret::from_bytes(&secret)
            .ok_or_else(|| Error::internal("a secret of odd length"))?;
        let step = secret.step_of(code, now(), row.last_step);
        let failures = if step.is_some() { 0 } else { row.failures + 1 };
        sqlx::query(
            "UPDATE second_factor
             SET failures = $2, last_step = coalesce($3, last_step),
                 locked_until = clock_timestamp() + make_interval(secs => $4)
             WHERE user_id = $1",
        )
        .bind(user_id.0)
        .bind(failures)
        .bind(step)
        .bind(wait_after(failures).as_secs_f64())
        .execute(transaction)
        .await?;
        Ok(if step.is_some() { Verdict::Right } else { Verdict::Wrong })
    }

    /// Writes to the owner.
    async fn tell(
        &self,
        transaction: &mut PgConnection,
        user_id: UserId,
        matter: Matter,
    ) -> Result<(), Error> {
        let to = sqlx::query_scalar("SELECT email FROM account WHERE user_id = $1")
            .bind(user_id.0)
            .fetch_one(&mut *transaction)
            .await?;
        self.mails.put(transaction, &Letter { user_id: Some(user_id), to, matter }).await
    }
}

/// How long no code is looked at after so many wrong ones in a row.
fn wait_after(failures: i32) -> Duration {
    match u32::try_from(failures - FREE_FAILURES) {
        Ok(doublings) => {
            FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_WAIT)
        }
        Err(_) => Duration::ZERO,
    }
}

/// Whether every sign-in to the account demands it.
pub(super) async fn is_second_factor_demanded(
    connection: &mut PgConnection,
    user_id: UserId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM second_factor WHERE user_id = $1 AND confirmed_at IS NOT NULL)",
    )
    .bind(user_id.0)
    .fetch_one(connection)
    .await
}

async fn lock(connection: &mut PgConnection, user_id: UserId) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as(
        "SELECT sealed_secret, confirmed_at IS NOT NULL AS is_confirmed, last_step, failures,
                extract(epoch FROM locked_until - clock_timestamp())::float8 AS locked_for
         FROM second_factor WHERE user_id = $1 FOR UPDATE",
    )
    .bind(user_id.0)
    .fetch_optional(connection)
    .await
}

/// Spends a recovery code, and says how many are left. None where there is no such code.
async fn spend_code(
    connection: &mut PgConnection,
    user_id: UserId,
    code: &str,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "WITH spent AS (
             DELETE FROM recovery_code WHERE user_id = $1 AND code_hash = $2 RETURNING 1)
         SELECT count(*) - 1 FROM recovery_code WHERE user_id = $1 HAVING EXISTS (SELECT FROM spent)",
    )
    .bind(user_id.0)
    .bind(hash(user_id, code).as_slice())
    .fetch_optional(connection)
    .await
}

async fn keep_codes(
    connection: &mut PgConnection,
    user_id: UserId,
    codes: &[String],
) -> Result<(), sqlx::Error> {
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash(user_id, code).to_vec()).collect();
    sqlx::query("DELETE FROM recovery_code WHERE user_id = $1")
        .bind(user_id.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO recovery_code (user_id, code_hash) SELECT $1, unnest($2::bytea[])")
        .bind(user_id.0)
        .bind(hashes)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_wrong_codes_cost_nothing_and_many_cost_an_hour() {
        for (failures, seconds) in
            [(0, 0), (4, 0), (5, 30), (6, 60), (11, 1920), (12, 3600), (1000, 3600)]
        {
            assert_eq!(wait_after(failures), Duration::from_secs(seconds), "after {failures}");
        }
    }
}
