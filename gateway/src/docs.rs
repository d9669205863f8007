//! The pages for people: Swagger UI, from files of our own, over our OpenAPI document.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, Response, StatusCode};
use tonic::body::Body;

use crate::respond::typed;

/// Nothing from elsewhere. Swagger UI sets styles on elements and draws icons from data URLs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Elenchus API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"#;

const START: &str = r##"SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true });
"##;

/// The page at `/docs`, or a file below it.
pub(crate) fn answer(path: &str) -> Option<Response<Body>> {
    let (content_type, bytes): (_, &'static [u8]) = match path {
        "/docs" | "/docs/" => ("text/html; charset=utf-8", PAGE.as_bytes()),
        "/docs/start.js" => ("text/javascript; charset=utf-8", START.as_bytes()),
        "/docs/swagger-ui-bundle.js" => {
            ("text/javascript; charset=utf-8", include_bytes!("../swagger-ui/swagger-ui-bundle.js"))
        }
        "/docs/swagger-ui.css" => {
            ("text/css; charset=utf-8", include_bytes!("../swagger-ui/swagger-ui.css"))
        }
        "/docs/favicon-32x32.png" => {
            ("image/png", include_bytes!("../swagger-ui/favicon-32x32.png"))
        }
        _ => return None,
    };
    let mut response = typed(StatusCode::OK, content_type, bytes);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    Some(response)
}
