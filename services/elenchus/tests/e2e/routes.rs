//! A walk over every route with every kind of caller, on the real mesh. The routes are those of the
//! OpenAPI document, which is made from the descriptors: a new one joins by itself.

use elenchus_proto::DESCRIPTORS;
use elenchus_proto::pb::rpc::v1::Access;
use elenchus_rpc::method;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mesh::{Mesh, User, log};

const PASSWORD: &str = "correct horse battery";

struct Route {
    method: Method,
    path: String,
    access: Access,
    /// Whether it demands a role, which a plain user lacks and a superuser has.
    is_privileged: bool,
    is_upload: bool,
}

/// Every route that stands for a method of a service.
async fn routes(mesh: &Mesh) -> Vec<Route> {
    let answer = mesh.request(Method::GET, "/openapi.json").send().await.unwrap();
    let document: Value = answer.json().await.unwrap();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (verb, operation) in operations.as_object().unwrap() {
            let Some(method) = method_of(operation["operationId"].as_str().unwrap()) else {
                continue;
            };
            let content = &operation["requestBody"]["content"];
            routes.push(Route {
                method: verb.to_uppercase().parse().unwrap(),
                path: path.clone(),
                access: method.access,
                is_privileged: method.access == Access::Superuser || method.role.is_some(),
                is_upload: content.get("multipart/form-data").is_some(),
            });
        }
    }
    routes
}

/// `UserService_GetUser`, or `UserService_GetUser_2` for another route of the same method.
fn method_of(operation: &str) -> Option<&'static method::Method> {
    let mut words = operation.split('_');
    let (service, name) = (words.next()?, words.next()?);
    let service = DESCRIPTORS.services().find(|known| known.name() == service)?;
    method::find(&format!("/{}/{name}", service.full_name()))
}

/// What somebody has, by the name that paths give it.
struct Rows(Vec<(&'static str, String)>);

impl Rows {
    async fn of(owner: &User<'_>) -> Self {
        let id = |value: &Value| value.as_str().unwrap().to_owned();
        let document = owner.upload_example("mozilla-public-license-2.0.pdf").await;
        let question = json!({"content": "Who pays?", "sources": ["The tenant pays the rent."]});
        let answer = owner.post("/api/v1/chat", question).await;
        let run = json!({"template_id": "contract_review", "input_data": {"document_id": document["id"]}});
        let run = owner.post("/api/v1/workflows/execute", run).await;
        let token = json!({"name": "CI", "scopes": ["documents.read"]});
        let token = owner.post("/api/v1/auth/tokens", token).await;
        let session = owner.get("/api/v1/auth/sessions").await;
        let me = owner.get("/api/v1/users/me").await;
        Self(vec![
            ("document_id", id(&document["id"])),
            ("conversation_id", id(&answer["conversation_id"])),
            ("generation_id", id(&answer["message"]["id"])),
            ("message_id", id(&answer["message"]["id"])),
            ("execution_id", id(&run["execution_id"])),
            ("token_id", id(&token["api_token"]["id"])),
            ("session_id", id(&session[0]["id"])),
            ("user_id", id(&me["id"])),
            ("template_id", "contract_review".to_owned()),
            ("page", "1".to_owned()),
            ("erasure_id", "01a20d32-260b-7010-8285-6c1297227a23".to_owned()),
        ])
    }

    /// The path, with what it names filled in.
    fn fill(&self, path: &str) -> String {
        let fill =
            |path: String, (name, id): &(&str, String)| path.replace(&format!("{{{name}}}"), id);
        let filled = self.0.iter().fold(path.to_owned(), fill);
        assert!(!filled.contains('{'), "{filled}: the walk has nothing of this kind");
        filled
    }
}

impl Route {
    fn request(&self, mesh: &Mesh, rows: &Rows, token: Option<&str>) -> RequestBuilder {
        let request = mesh.request(self.method.clone(), &rows.fill(&self.path));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        if self.is_upload {
            let part = Part::bytes(b"The tenant pays.".to_vec()).file_name("notes.txt");
            return request.multipart(Form::new().part("file", part));
        }
        if self.method == Method::GET { request } else { request.json(&json!({})) }
    }

    async fn status(&self, mesh: &Mesh, rows: &Rows, token: Option<&str>) -> StatusCode {
        self.request(mesh, rows, token).send().await.unwrap().status()
    }

    /// Whether it is about a row that belongs to one user.
    fn is_about_a_row(&self) -> bool {
        self.access == Access::User
            && self.path.contains('{')
            && !self.path.contains("{template_id}")
    }
}

/// The token of somebody who has an account.
async fn token_of(mesh: &Mesh, email: &str) -> String {
    let body = json!({"username": email, "password": PASSWORD});
    let answer = mesh.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.unwrap();
    let session: Value = answer.json().await.unwrap();
    session["access_token"].as_str().unwrap_or_else(|| panic!("{session}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_it_says_and_shows_nobody_the_rows_of_others() {
    let data = TempDir::new().unwrap();
    let made = crate::operator::elenchus(
        data.path(),
        &["user", "create", "--superuser", "root@example.com"],
        PASSWORD,
    );
    assert!(made.status.success());
    let limits = [
        ("LOGIN_ATTEMPTS_PER_MINUTE", "10000"),
        ("LOGIN_ATTEMPTS_PER_ADDRESS_PER_MINUTE", "10000"),
    ];
    let mesh = Mesh::embedded_with(data, &limits);
    let owner = mesh.user("ada@example.com").await;
    let rows = Rows::of(&owner).await;
    let run = format!("/api/v1/workflows/executions/{}", rows.0[4].1);
    owner.until(&run, |run| run["status"] != "pending" && run["status"] != "running").await;
    let before = kept(&owner, &rows).await;

    let stranger = mesh.user("eve@example.com").await;
    let superuser = token_of(&mesh, "root@example.com").await;
    let routes = routes(&mesh).await;
    assert!(routes.len() > 70, "{} routes", routes.len());
    for (number, route) in routes.iter().enumerate() {
        let name = format!("{} {}", route.method, route.path);
        // What changes something may end the session or the account, so each has its own.
        let own = if route.method == Method::GET {
            None
        } else {
            Some(mesh.user(&format!("eve-{number}@example.com")).await)
        };
        let token = &own.as_ref().unwrap_or(&stranger).token;
        let plain = route.status(&mesh, &rows, Some(token)).await;
        let is_answered = plain.as_u16() < 500 || plain == StatusCode::NOT_IMPLEMENTED;
        assert!(is_answered, "{name}: {plain}\n{}", log(mesh.data.path()));
        if route.access == Access::Public {
            continue;
        }
        for bad in [None, Some("a.b.c"), Some("elk_nothing")] {
            let status = route.status(&mesh, &rows, bad).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{name} with {bad:?}");
        }
        if route.is_privileged {
            assert_eq!(plain, StatusCode::FORBIDDEN, "{name}");
            continue;
        }
        assert!(
            ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&plain),
            "{name}: {plain}"
        );
        if route.is_about_a_row() {
            let superuser = route.status(&mesh, &rows, Some(&superuser)).await;
            for (who, status) in [("a stranger", plain), ("a superuser", superuser)] {
                // An empty change may be refused before anybody looks for the row.
                let is_refused = status == StatusCode::NOT_FOUND
                    || (route.method == Method::PATCH
                        && status == StatusCode::UNPROCESSABLE_ENTITY);
                assert!(is_refused, "{name} as {who}: {status}");
            }
        }
    }
    assert_eq!(kept(&owner, &rows).await, before, "what is the owner's is as it was");
    administers(&mesh, &rows, &routes).await;
}

/// What the owner sees of their rows.
async fn kept(owner: &User<'_>, rows: &Rows) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in [
        "/api/v1/documents/{document_id}",
        "/api/v1/chat/conversations/{conversation_id}",
        "/api/v1/workflows/executions/{execution_id}",
        "/api/v1/auth/tokens",
        "/api/v1/users/me",
    ] {
        seen.push(owner.get(&rows.fill(path)).await);
    }
    seen
}

/// What is for superusers opens for one; the last of it closes the account.
async fn administers(mesh: &Mesh, rows: &Rows, routes: &[Route]) {
    let mut routes: Vec<&Route> = routes.iter().filter(|route| route.is_privileged).collect();
    routes.sort_by_key(|route| route.method == Method::DELETE);
    assert!(routes.len() > 5, "{} routes for superusers", routes.len());
    let token = token_of(mesh, "root@example.com").await;
    for route in routes {
        let status = route.status(mesh, rows, Some(&token)).await;
        let is_let_in = status.is_success() || status == StatusCode::UNPROCESSABLE_ENTITY;
        assert!(is_let_in, "{} {}: {status}", route.method, route.path);
    }
}
