//! The OAuth2 password form: what OAuth2 clients, and the page at `/docs`, send to log in.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::problem::Problem;
use crate::transcode::Violation;
use crate::transcode::codec::schema::{MessageId, Schema};
use crate::transcode::query::{FieldPath, pairs};

/// The only method that takes a form.
pub(crate) const METHOD: &str = "elenchus.auth.v1.AuthService.Login";
/// The fields of the form that the method knows.
const FIELDS: [&str; 2] = ["username", "password"];

/// Whether the request is such a form.
pub(crate) fn is_one(method: &str, headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    method == METHOD && essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Appends the request that the form says. OAuth2 wants unknown fields to be overlooked.
pub(crate) fn request(
    schema: &Schema,
    message: MessageId,
    body: &[u8],
    mut out: Vec<u8>,
) -> Result<Vec<u8>, Problem> {
    let refuse =
        |field: &str, problem: &str| Problem::invalid(vec![Violation::new(field, problem)]);
    let body = std::str::from_utf8(body).map_err(|_| refuse("body", "is not UTF-8"))?;
    let mut given = Vec::new();
    for (name, value) in pairs(body) {
        let (Some(name), Some(value)) = (name, value) else {
            return Err(refuse("body", "is not percent-encoded UTF-8"));
        };
        if name == "grant_type" && !matches!(value.as_str(), "" | "password") {
            return Err(refuse("grant_type", "must be password"));
        }
        let Some(known) = FIELDS.into_iter().find(|known| *known == name) else { continue };
        if given.contains(&known) {
            return Err(refuse(known, "is given twice"));
        }
        given.push(known);
        let field = FieldPath::resolve(schema, message, known)
            .map_err(|problem| refuse(known, &problem.to_string()))?;
        field
            .put(schema, &value, &mut out)
            .map_err(|violation| Problem::invalid(vec![violation]))?;
    }
    let missing = FIELDS.into_iter().filter(|field| !given.contains(field));
    let missing: Vec<Violation> =
        missing.map(|field| Violation::new(field, "is required")).collect();
    if missing.is_empty() { Ok(out) } else { Err(Problem::invalid(missing)) }
}
