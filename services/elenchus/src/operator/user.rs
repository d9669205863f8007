//! `elenchus user`: accounts made, and passwords set, by whoever runs the installation.

use clap::Args;
use elenchus_auth::Operator;
use elenchus_auth::domain::{EmailAddress, Error};
use elenchus_settings::Invalid;

use super::Failure;
use super::database::OfAuth;
use super::password::{self, NewPassword};

/// An account to make.
#[derive(Args)]
pub(crate) struct CreateArguments {
    /// The address to sign in with.
    email: String,
    /// Puts the account in charge of the installation.
    #[arg(long)]
    superuser: bool,
    /// The name to show.
    #[arg(long, default_value = "")]
    name: String,
    /// Draws a password and shows it once. Else it is asked for, or read from standard input.
    #[arg(long)]
    generate: bool,
}

/// An account whose password is set anew.
#[derive(Args)]
pub(crate) struct ResetArguments {
    /// The account's address.
    email: String,
    /// Draws a password and shows it once. Else it is asked for, or read from standard input.
    #[arg(long)]
    generate: bool,
}

/// Makes an account, and says what it is.
pub(super) async fn create(arguments: &CreateArguments) -> Result<String, Failure> {
    let email = EmailAddress::parse(&arguments.email).map_err(refusal)?;
    let NewPassword { password, is_drawn } = password::obtain(arguments.generate)?;
    let auth = OfAuth::open().await?;
    let operator = Operator::new(&auth.settings, auth.pool.clone());
    let made =
        operator.create_user(&email, password.clone(), &arguments.name, arguments.superuser).await;
    auth.close().await?;
    let user = made.map_err(refusal)?;
    let kind = if user.is_superuser { "superuser" } else { "account" };
    Ok(password::shown(format!("{kind} {} was made", user.user_id.0), &password, is_drawn))
}

/// Sets a password, and says so.
pub(super) async fn reset_password(arguments: &ResetArguments) -> Result<String, Failure> {
    let email = EmailAddress::parse(&arguments.email).map_err(refusal)?;
    let NewPassword { password, is_drawn } = password::obtain(arguments.generate)?;
    let auth = OfAuth::open().await?;
    let operator = Operator::new(&auth.settings, auth.pool.clone());
    let reset = operator.reset_password(&email, password.clone()).await;
    auth.close().await?;
    reset.map_err(refusal)?;
    let said = "the password was set, and every session of the account was ended".to_owned();
    Ok(password::shown(said, &password, is_drawn))
}

/// What names a field is a mistake of the call.
fn refusal(error: Error) -> Failure {
    match error {
        Error::Field { field, problem } => Invalid::new(field, problem).into(),
        other => other.into(),
    }
}
