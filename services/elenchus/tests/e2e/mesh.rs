//! A running mesh, as a user starts it: the real program, in one process or in six, reached over
//! HTTP. Everything it started ends with it.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use elenchus_testkit::port::free_port;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(120);
const SECRET_KEY: &str = "e2e-4a7c1e93b05df826a1d37e40c95b68f2";
const GATEWAY: &str = "gateway";
const SERVICES: [&str; 5] = ["auth", "conversation", "document", "workflow", "analytics"];

pub(crate) struct Mesh {
    processes: Vec<Program>,
    pub(crate) base: String,
    pub(crate) data: TempDir,
    http: reqwest::Client,
    /// What the processes were started with, where there are several.
    variables: Vec<(String, String)>,
}

/// A child that is killed with its mesh.
pub(crate) struct Program {
    child: Child,
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGTERM first, so that a private PostgreSQL is stopped too.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let patience = Instant::now() + Duration::from_secs(30);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > patience {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Program {
    /// The same program, with exactly these variables besides what every test needs.
    pub(crate) fn start(
        arguments: &[&str],
        data: &Path,
        variables: &[(&str, &str)],
    ) -> (Self, mpsc::Receiver<String>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_elenchus"))
            .args(arguments)
            .current_dir(data)
            .env("HOST", "127.0.0.1")
            .env("PORT", "0")
            .env("METRICS_PORT", "0")
            .env("ELENCHUS_DATA_DIR", data)
            .env("RATE_LIMIT_PER_MINUTE", "0")
            .env("EMBEDDING_MODEL_DIR", model_dir())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file(data))
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (lines, read) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = lines.send(line);
            }
        });
        (Self { child }, read)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, without a chance to clean up.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and returns its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.wait()
    }

    pub(crate) fn wait(&mut self) -> Option<i32> {
        let patience = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < patience, "the process does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The weights that `make` fetches, beside the build.
pub(crate) fn model_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/models/all-MiniLM-L6-v2")
}

fn log_file(data: &Path) -> Stdio {
    let file =
        std::fs::OpenOptions::new().create(true).append(true).open(data.join("log")).unwrap();
    Stdio::from(file)
}

/// The log of every process of the mesh.
pub(crate) fn log(data: &Path) -> String {
    let mut text = String::new();
    if let Ok(mut file) = std::fs::File::open(data.join("log")) {
        file.read_to_string(&mut text).unwrap();
    }
    text
}

impl Mesh {
    /// `elenchus serve` on an empty folder: everything in one process, with a PostgreSQL of its own.
    pub(crate) fn embedded() -> Self {
        Self::embedded_on(TempDir::new().unwrap())
    }

    /// `elenchus serve` on a folder that may hold something.
    pub(crate) fn embedded_on(data: TempDir) -> Self {
        Self::embedded_with(data, &[])
    }

    /// The same, with more variables.
    pub(crate) fn embedded_with(data: TempDir, variables: &[(&str, &str)]) -> Self {
        let (process, base) = serve(&data, variables);
        Self { processes: vec![process], base, data, http: client(), variables: Vec::new() }
    }

    /// Five services and a gateway, each a process, on a PostgreSQL and a Redis of the test run.
    pub(crate) async fn apart(database_url: &str, redis_url: Option<&str>) -> Self {
        Self::apart_with(database_url, redis_url, &[]).await
    }

    /// As [`Mesh::apart`], with more variables, in which `{service}` is the name of each role.
    pub(crate) async fn apart_with(
        database_url: &str,
        redis_url: Option<&str>,
        more: &[(&str, &str)],
    ) -> Self {
        let data = TempDir::new().unwrap();
        let addresses: Vec<String> =
            SERVICES.iter().map(|_| format!("127.0.0.1:{}", free_port())).collect();
        let mut variables = vec![
            ("SECRET_KEY".to_owned(), SECRET_KEY.to_owned()),
            ("DATABASE_URL".to_owned(), database_url.to_owned()),
        ];
        variables.extend(redis_url.map(|url| ("REDIS_URL".to_owned(), url.to_owned())));
        let has_tls = more.iter().any(|(name, _)| *name == "SERVICE_TLS_CERT");
        let scheme = if has_tls { "https" } else { "http" };
        for (service, address) in SERVICES.iter().zip(&addresses) {
            let name = service.to_uppercase();
            variables.push((format!("{name}_SERVICE_ADDR"), format!("{scheme}://{address}")));
            variables.push((format!("{name}_SERVICE_LISTEN"), address.clone()));
        }
        variables
            .extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut processes: Vec<Program> =
            SERVICES.iter().map(|service| start_role(service, data.path(), &variables).0).collect();
        let (gateway, lines) = start_role(GATEWAY, data.path(), &variables);
        processes.push(gateway);
        let base = base_of(&lines, data.path());
        let mesh = Self { processes, base, data, http: client(), variables };
        mesh.until_ready().await;
        mesh
    }

    /// Waits until every service answers.
    pub(crate) async fn until_ready(&self) {
        let patience = Instant::now() + PATIENCE;
        let is_ready = async || {
            let answer = self.request(Method::GET, "/health/ready").send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        };
        while !is_ready().await {
            assert!(Instant::now() < patience, "not ready\n{}", log(self.data.path()));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Kills the process of one service.
    pub(crate) fn kill(&mut self, service: &str) {
        self.processes[place_of(service)].kill();
    }

    /// Starts the process of one service, or the gateway, again.
    pub(crate) fn revive(&mut self, service: &str) {
        let (process, lines) = start_role(service, self.data.path(), &self.variables);
        self.processes[place_of(service)] = process;
        if service == GATEWAY {
            // It listens elsewhere now.
            self.base = base_of(&lines, self.data.path());
        }
    }

    /// Kills every process, and starts the embedded mesh again on the same folder.
    pub(crate) fn kill_and_restart(&mut self) {
        for process in &mut self.processes {
            process.kill();
        }
        self.processes.clear();
        let (process, base) = serve(&self.data, &[]);
        self.processes.push(process);
        self.base = base;
    }

    pub(crate) fn process(&mut self) -> &mut Program {
        &mut self.processes[0]
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Waits until a token opens nothing any more, which takes two seconds at most.
    pub(crate) async fn until_refused(&self, token: &str) {
        let patience = Instant::now() + Duration::from_secs(2);
        let is_refused = async || {
            let answer = self.request(Method::GET, "/api/v1/auth/me").bearer_auth(token).send();
            answer.await.unwrap().status() == StatusCode::UNAUTHORIZED
        };
        while !is_refused().await {
            assert!(Instant::now() < patience, "the token still opens something");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A new account, signed in.
    pub(crate) async fn user(&self, email: &str) -> User<'_> {
        let account = json!({"email": email, "password": "correct horse battery", "full_name": "Ada Lovelace"});
        let made = self
            .request(Method::POST, "/api/v1/auth/register")
            .json(&account)
            .send()
            .await
            .unwrap();
        assert_eq!(made.status(), StatusCode::OK, "{}", made.text().await.unwrap());
        self.login(email).await
    }

    pub(crate) async fn login(&self, email: &str) -> User<'_> {
        let form = [("username", email), ("password", "correct horse battery")];
        let answer =
            self.request(Method::POST, "/api/v1/auth/login").form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
        let session: Value = answer.json().await.unwrap();
        User { mesh: self, token: session["access_token"].as_str().unwrap().to_owned() }
    }
}

fn start_role(
    role: &str,
    data: &Path,
    variables: &[(String, String)],
) -> (Program, mpsc::Receiver<String>) {
    let values: Vec<String> =
        variables.iter().map(|(_, value)| value.replace("{service}", role)).collect();
    let names = variables.iter().map(|(name, _)| name.as_str());
    let given: Vec<(&str, &str)> = names.zip(values.iter().map(String::as_str)).collect();
    Program::start(&["serve", role], data, &given)
}

fn place_of(service: &str) -> usize {
    SERVICES.iter().chain([&GATEWAY]).position(|name| *name == service).unwrap()
}

/// Starts the embedded mesh and waits for its first line.
pub(crate) fn serve(data: &TempDir, variables: &[(&str, &str)]) -> (Program, String) {
    let (process, lines) = Program::start(&["serve"], data.path(), variables);
    let base = base_of(&lines, data.path());
    (process, base)
}

fn base_of(lines: &mpsc::Receiver<String>, data: &Path) -> String {
    let line =
        lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("never ready\n{}", log(data)));
    line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(PATIENCE).build().unwrap()
}

/// Someone who is signed in.
pub(crate) struct User<'a> {
    mesh: &'a Mesh,
    pub(crate) token: String,
}

impl User<'_> {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.mesh.request(method, path).bearer_auth(&self.token)
    }

    /// A call that must go well; its JSON.
    pub(crate) async fn ok(&self, request: RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        let (status, url) = (answer.status(), answer.url().clone());
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{url}: {status} {text}\n{}", log(self.mesh.data.path()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url}: {error}: {text}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ok(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.ok(self.request(Method::POST, path).json(&body)).await
    }

    /// The status of a call that need not go well, and its problem.
    pub(crate) async fn status(&self, request: RequestBuilder) -> (StatusCode, Value) {
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    /// Uploads bytes under a name; the document as it was answered.
    pub(crate) async fn upload_bytes(&self, name: &str, bytes: Vec<u8>) -> Value {
        let part = Part::bytes(bytes).file_name(name.to_owned());
        let form = Form::new().text("document_category", "contract").part("file", part);
        let answer =
            self.request(Method::POST, "/api/v1/documents").multipart(form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// Uploads one of the example documents and waits until its text was read.
    pub(crate) async fn upload_example(&self, name: &str) -> Value {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
        let document = self.upload_bytes(name, std::fs::read(file).unwrap()).await;
        self.until_processed(document["id"].as_str().unwrap()).await
    }

    /// The document once its processing has ended.
    pub(crate) async fn until_processed(&self, id: &str) -> Value {
        let path = format!("/api/v1/documents/{id}");
        self.until(&path, |document| {
            matches!(document["processing_status"].as_str(), Some("completed" | "failed"))
        })
        .await
    }

    /// Asks again and again until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let patience = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path).await;
            if is_wanted(&answer) {
                return answer;
            }
            assert!(
                Instant::now() < patience,
                "{path} stays {answer}\n{}",
                log(self.mesh.data.path())
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
