//! Path templates as google.api.http defines them: parsed, matched, and taken apart. It knows no
//! descriptors.
//!
//! ```text
//! Template = "/" Segments [ Verb ] ;
//! Segments = Segment { "/" Segment } ;
//! Segment  = "*" | "**" | LITERAL | Variable ;
//! Variable = "{" FieldPath [ "=" Segments ] "}" ;
//! Verb     = ":" LITERAL ;
//! ```

use percent_encoding::percent_decode_str;

/// A template, ready to be matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) verb: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    /// Exactly one segment, `*`.
    One,
    /// The rest of the path, which may be nothing, `**`. Only ever the last.
    Rest,
}

/// A field of the request and the segments that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// The field path, such as `book.name`.
    pub(crate) field: String,
    first: usize,
    /// The segment after its last.
    end: usize,
    /// Whether it takes the rest of the path.
    takes_rest: bool,
}

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path template {template:?}: {problem}")]
pub(crate) struct BadTemplate {
    template: String,
    problem: &'static str,
}

impl Template {
    pub(crate) fn parse(template: &str) -> Result<Self, BadTemplate> {
        let bad = |problem| BadTemplate { template: template.to_owned(), problem };
        let path = template.strip_prefix('/').ok_or_else(|| bad("does not begin with a slash"))?;
        let (path, verb) = split_verb(path);
        if verb.is_some_and(|verb| verb.is_empty() || !is_literal(verb)) {
            return Err(bad("has a verb that is no word"));
        }
        let mut parsed =
            Self { segments: Vec::new(), variables: Vec::new(), verb: verb.map(str::to_owned) };
        for segment in split_segments(path).ok_or_else(|| bad("has unbalanced braces"))? {
            parsed.push(segment).map_err(bad)?;
        }
        let is_rest = |segment: &Segment| *segment == Segment::Rest;
        if let Some((_, others)) = parsed.segments.split_last()
            && others.iter().any(is_rest)
        {
            return Err(bad("has something after **"));
        }
        Ok(parsed)
    }

    fn push(&mut self, segment: &str) -> Result<(), &'static str> {
        let Some(variable) = segment.strip_prefix('{') else {
            self.segments.push(plain_segment(segment)?);
            return Ok(());
        };
        let variable =
            variable.strip_suffix('}').ok_or("has text beside a variable in one segment")?;
        let (field, pattern) = variable.split_once('=').unwrap_or((variable, "*"));
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if !field.split('.').all(is_name) {
            return Err("has a variable that is no field path");
        }
        if self.variables.iter().any(|known| known.field == field) {
            return Err("names a variable twice");
        }
        let first = self.segments.len();
        for segment in pattern.split('/') {
            self.segments.push(plain_segment(segment)?);
        }
        let takes_rest = self.segments.last() == Some(&Segment::Rest);
        self.variables.push(Variable {
            field: field.to_owned(),
            first,
            end: self.segments.len(),
            takes_rest,
        });
        Ok(())
    }
}

fn plain_segment(segment: &str) -> Result<Segment, &'static str> {
    match segment {
        "*" => Ok(Segment::One),
        "**" => Ok(Segment::Rest),
        "" => Err("has an empty segment"),
        literal if is_literal(literal) => Ok(Segment::Literal(literal.to_owned())),
        _ => Err("has a segment that is no word"),
    }
}

fn is_literal(text: &str) -> bool {
    !text.bytes().any(|byte| {
        matches!(byte, b'{' | b'}' | b'*' | b'=' | b':' | b'/' | b'?' | b'#') || byte <= b' '
    })
}

/// The verb stands after the last colon, outside of braces.
fn split_verb(path: &str) -> (&str, Option<&str>) {
    let after_braces = path.rfind('}').map_or(0, |at| at + 1);
    match path[after_braces..].rfind(':') {
        Some(at) => (&path[..after_braces + at], Some(&path[after_braces + at + 1..])),
        None => (path, None),
    }
}

/// Splits at the slashes outside of braces. None where braces do not match.
fn split_segments(path: &str) -> Option<Vec<&str>> {
    let mut segments = Vec::new();
    let (mut start, mut is_inside) = (0, false);
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'{' if is_inside => return None,
            b'{' => is_inside = true,
            b'}' if !is_inside => return None,
            b'}' => is_inside = false,
            b'/' if !is_inside => {
                segments.push(&path[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    segments.push(&path[start..]);
    (!is_inside).then_some(segments)
}

impl Variable {
    /// Whether the segment of this index belongs to it.
    pub(crate) fn takes(&self, segment: usize) -> bool {
        (self.first..self.end).contains(&segment)
    }

    /// Whether the segment of this index is its first.
    pub(crate) fn begins_at(&self, segment: usize) -> bool {
        self.first == segment
    }

    /// What the variable holds in a path that matched. None where it is not percent-encoded text.
    pub(crate) fn value(&self, segments: &[&str]) -> Option<String> {
        let end = if self.takes_rest { segments.len() } else { self.end };
        let taken = segments.get(self.first.min(segments.len())..end)?;
        let is_multiple = self.takes_rest || self.end - self.first > 1;
        let mut value = String::new();
        for (index, segment) in taken.iter().enumerate() {
            if index > 0 {
                value.push('/');
            }
            value.push_str(&decode(segment, is_multiple)?);
        }
        Some(value)
    }
}

/// Percent-decodes a segment. An encoded slash stays encoded where a variable takes many segments:
/// decoded, it would look like a border between two.
fn decode(segment: &str, keeps_slashes: bool) -> Option<String> {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = segment.as_bytes();
    let is_broken =
        |at: usize| bytes[at] == b'%' && !(is_hex(bytes.get(at + 1)) && is_hex(bytes.get(at + 2)));
    if (0..bytes.len()).any(is_broken) {
        return None;
    }
    let decode =
        |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
    if !keeps_slashes {
        return decode(segment);
    }
    let mut decoded = String::new();
    let mut rest = segment;
    while let Some(at) = rest.find("%2F").or_else(|| rest.find("%2f")).map(|_| first_slash(rest)) {
        decoded.push_str(&decode(&rest[..at])?);
        decoded.push_str(&rest[at..at + 3]);
        rest = &rest[at + 3..];
    }
    decoded.push_str(&decode(rest)?);
    Some(decoded)
}

fn first_slash(text: &str) -> usize {
    let upper = text.find("%2F").unwrap_or(usize::MAX);
    upper.min(text.find("%2f").unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(template: &str, path: &str) -> Vec<(String, Option<String>)> {
        let template = Template::parse(template).unwrap();
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        template.variables.iter().map(|v| (v.field.clone(), v.value(&segments))).collect()
    }

    #[test]
    fn templates_of_every_form_are_understood() {
        let literal = |text: &str| Segment::Literal(text.to_owned());
        let parsed = Template::parse("/v1/{name=shelves/*/books/**}/x:watch");
        assert!(parsed.is_err(), "** must be the last");
        let parsed = Template::parse("/v1/{name=shelves/*/books/**}:watch").unwrap();
        assert_eq!(
            parsed.segments,
            [literal("v1"), literal("shelves"), Segment::One, literal("books"), Segment::Rest]
        );
        assert_eq!(parsed.verb.as_deref(), Some("watch"));
        assert_eq!(Template::parse("/v1/*").unwrap().segments, [literal("v1"), Segment::One]);
        assert_eq!(Template::parse("/**").unwrap().segments, [Segment::Rest]);
    }

    #[test]
    fn bad_templates_are_refused() {
        for bad in [
            "",
            "v1",
            "/",
            "/v1/",
            "//v1",
            "/v1/{",
            "/v1/}",
            "/v1/{a",
            "/v1/{a{b}}",
            "/v1/{}",
            "/v1/{1a}",
            "/v1/{a.}",
            "/v1/{a}/{a}",
            "/v1/x{a}",
            "/v1/{a}x",
            "/v1/{a=}",
            "/v1/{a=**}/b",
            "/v1/**/b",
            "/v1/a:",
            "/v1/a:b:c",
            "/v1/a*",
            "/v1/a b",
            "/v1/***",
            "/v1/{a=b//c}",
        ] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_variable_of_one_segment_is_decoded_whole() {
        let value = |path| variables("/v1/{id}", path)[0].1.clone();
        assert_eq!(value("/v1/a%2Fb%20c%C3%A9"), Some("a/b cé".to_owned()));
        assert_eq!(value("/v1/a+b"), Some("a+b".to_owned()));
        for broken in ["/v1/%", "/v1/%2", "/v1/%zz", "/v1/%ff"] {
            assert_eq!(value(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_variable_of_many_segments_keeps_encoded_slashes() {
        let value = |path| variables("/v1/{name=files/**}", path)[0].1.clone();
        assert_eq!(value("/v1/files/a/b"), Some("files/a/b".to_owned()));
        assert_eq!(value("/v1/files/a%2Fb/c%2fd%20e"), Some("files/a%2Fb/c%2fd e".to_owned()));
        assert_eq!(value("/v1/files"), Some("files".to_owned()));
        assert_eq!(
            variables("/v1/{a=x/*}/{b}", "/v1/x/1/2"),
            [("a".to_owned(), Some("x/1".to_owned())), ("b".to_owned(), Some("2".to_owned()))]
        );
    }
}
