//! What the embedded run may rely on: its data last, its cluster is private, and no way of dying
//! leaves a mess that the next start does not clean up.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use elenchus_postgres::cluster::Error;
use elenchus_settings::Env;
use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};
use support::{Scratch, start};
use tokio::time::{sleep, timeout};

async fn connect(url: &SecretString) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect(url.expose_secret()).await
}

async fn write(url: &SecretString, text: &str) {
    let mut connection = connect(url).await.unwrap();
    sqlx::query("CREATE TABLE IF NOT EXISTS note (text text)")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("INSERT INTO note VALUES ($1)").bind(text).execute(&mut connection).await.unwrap();
}

async fn notes(url: &SecretString) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = connect(url).await?;
    sqlx::query_scalar("SELECT text FROM note").fetch_all(&mut connection).await
}

fn postmaster(folder: &Path) -> Pid {
    let text = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    Pid::from_raw(text.lines().next().unwrap().parse().unwrap()).unwrap()
}

#[tokio::test]
async fn data_outlive_a_restart() {
    let scratch = Scratch::new();
    let cluster = scratch.start().await;
    write(&cluster.url_for("auth").await.unwrap(), "kept").await;
    cluster.stop().await.unwrap();
    assert!(!scratch.folder.join("data/postmaster.pid").exists());

    let cluster = scratch.start().await;
    assert_eq!(notes(&cluster.url_for("auth").await.unwrap()).await.unwrap(), ["kept"]);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_start_on_one_folder_names_the_first() {
    let scratch = Scratch::new();
    let cluster = scratch.start().await;
    let Err(error) = start(&scratch.folder).await else { panic!("the folder is taken") };
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    assert!(error.to_string().starts_with(&format!("process {} ", std::process::id())), "{error}");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn only_the_owner_gets_in_and_services_do_not_see_each_other() {
    let scratch = Scratch::new();
    let cluster = scratch.start().await;
    let auth = cluster.url_for("auth").await.unwrap();
    cluster.url_for("document").await.unwrap();

    let (credentials, place) = auth.expose_secret().split_once('@').unwrap();
    let trespass = format!("{credentials}@{}", place.replace("elenchus_auth", "elenchus_document"));
    let error = connect(&trespass.into()).await.unwrap_err();
    assert!(error.to_string().contains("permission denied for database"), "{error}");

    for (path, mode) in
        [("", 0o700), ("data", 0o700), ("socket", 0o700), ("secrets/elenchus", 0o600)]
    {
        let permissions = fs::metadata(scratch.folder.join(path)).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode, "{path}");
    }
    let mut connection = connect(&auth).await.unwrap();
    let name: String =
        sqlx::query_scalar("SHOW cluster_name").fetch_one(&mut connection).await.unwrap();
    assert_eq!(name, cluster.name());
    let listens: String =
        sqlx::query_scalar("SHOW listen_addresses").fetch_one(&mut connection).await.unwrap();
    assert_eq!(listens, "");
    drop(connection);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_crashed_server_is_started_again() {
    let scratch = Scratch::new();
    let cluster = scratch.start().await;
    let auth = cluster.url_for("auth").await.unwrap();
    write(&auth, "kept").await;
    let crashed = postmaster(&scratch.folder);
    kill_process(crashed, Signal::KILL).unwrap();

    let recovered = timeout(Duration::from_secs(30), async {
        loop {
            match notes(&auth).await {
                Ok(notes) if postmaster(&scratch.folder) != crashed => return notes,
                Ok(_) | Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    });
    assert_eq!(recovered.await.expect("the server comes back"), ["kept"]);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_with_a_long_path_has_its_socket_elsewhere() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("long".repeat(30));
    let cluster = start(&folder).await.unwrap();
    write(&cluster.url_for("auth").await.unwrap(), "reached").await;
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_owner_leaves_nothing_that_stops_the_next_start() {
    killed_owner(Command::new(std::env::current_exe().unwrap())).await;
}

#[tokio::test]
async fn a_server_that_outlives_its_killed_owner_is_stopped_by_the_next_start() {
    // Without setpriv in reach, nothing ties the server to its owner.
    let programs = tempfile::tempdir().unwrap();
    for program in ["id", "true", "unshare"] {
        let found = ["/usr/bin", "/bin"].map(|bin| Path::new(bin).join(program));
        let found = found.iter().find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(found, programs.path().join(program)).unwrap();
    }
    let mut owner = Command::new(std::env::current_exe().unwrap());
    owner.env("PATH", programs.path());
    killed_owner(owner).await;
}

/// Kills a process that holds a cluster, with its server at work, and starts again in its folder.
async fn killed_owner(mut owner: Command) {
    let scratch = Scratch::new();
    let cluster = scratch.start().await;
    cluster.url_for("auth").await.unwrap();
    cluster.stop().await.unwrap();

    let mut owner: Child = owner
        .args(["--exact", "holds_a_cluster_until_killed", "--ignored"])
        .env("ELENCHUS_TEST_FOLDER", &scratch.folder)
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let written = scratch.folder.with_file_name("written");
    timeout(Duration::from_secs(30), async {
        while !written.exists() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the owner writes");
    owner.kill().unwrap();
    owner.wait().unwrap();

    let cluster = scratch.start().await;
    assert_eq!(notes(&cluster.url_for("auth").await.unwrap()).await.unwrap(), ["kept"]);
    cluster.stop().await.unwrap();
}

#[tokio::test]
#[ignore = "run by the tests that kill it"]
async fn holds_a_cluster_until_killed() {
    let env = Env::of_process().unwrap();
    let folder = Path::new(env.text("ELENCHUS_TEST_FOLDER").unwrap()).to_owned();
    let cluster = start(&folder).await.unwrap();
    write(&cluster.url_for("auth").await.unwrap(), "kept").await;
    fs::write(folder.with_file_name("written"), "").unwrap();
    std::future::pending::<()>().await;
}
