//! The trie of all bindings. Literals beat `*`, `*` beats `**`; a path that only fits with another
//! method tells which.

use std::collections::BTreeMap;

use http::Method;

use super::path::{Segment, Template};

/// Finds the binding of a method and a path.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    root: Node,
    /// Every verb that a template has; a colon before any other word is part of its segment.
    verbs: Vec<String>,
}

#[derive(Debug, Default)]
struct Node {
    literals: BTreeMap<String, Node>,
    one: Option<Box<Node>>,
    /// What `**` leads to, by verb.
    rest: Vec<Leaf>,
    here: Vec<Leaf>,
}

#[derive(Debug)]
struct Leaf {
    verb: Option<String>,
    method: Method,
    binding: usize,
}

/// What was found for a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'p> {
    /// A binding, and the segments of the path without its verb.
    Binding(usize, Vec<&'p str>),
    /// The path exists with these methods only.
    OtherMethods(Vec<Method>),
    Nothing,
}

impl Routes {
    /// Adds a binding. Tells the one that already answers the same requests.
    pub(crate) fn add(
        &mut self,
        method: Method,
        template: &Template,
        binding: usize,
    ) -> Result<(), usize> {
        let mut node = &mut self.root;
        let mut takes_rest = false;
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) => node = node.literals.entry(text.clone()).or_default(),
                Segment::One => node = node.one.get_or_insert_default(),
                Segment::Rest => takes_rest = true,
            }
        }
        let leaves = if takes_rest { &mut node.rest } else { &mut node.here };
        if let Some(known) =
            leaves.iter().find(|leaf| leaf.verb == template.verb && leaf.method == method)
        {
            return Err(known.binding);
        }
        leaves.push(Leaf { verb: template.verb.clone(), method, binding });
        self.verbs.extend(template.verb.clone());
        Ok(())
    }

    pub(crate) fn find<'p>(&self, method: &Method, path: &'p str) -> Found<'p> {
        let Some(path) = path.strip_prefix('/') else { return Found::Nothing };
        let mut others = Vec::new();
        if let Some((plain, verb)) = path.rsplit_once(':')
            && self.verbs.iter().any(|known| known == verb)
        {
            let segments: Vec<&str> = plain.split('/').collect();
            if let Some(binding) = self.root.find(method, &segments, Some(verb), &mut others) {
                return Found::Binding(binding, segments);
            }
        }
        let segments: Vec<&str> = path.split('/').collect();
        match self.root.find(method, &segments, None, &mut others) {
            Some(binding) => Found::Binding(binding, segments),
            None if others.is_empty() => Found::Nothing,
            None => {
                others.sort_by(|a, b| a.as_str().cmp(b.as_str()));
                others.dedup();
                Found::OtherMethods(others)
            }
        }
    }
}

impl Node {
    fn find(
        &self,
        method: &Method,
        segments: &[&str],
        verb: Option<&str>,
        others: &mut Vec<Method>,
    ) -> Option<usize> {
        let found = match segments {
            [] => pick(&self.here, method, verb, others),
            [first, rest @ ..] => self
                .literals
                .get(*first)
                .and_then(|node| node.find(method, rest, verb, others))
                .or_else(|| {
                    let node = self.one.as_ref().filter(|_| !first.is_empty())?;
                    node.find(method, rest, verb, others)
                }),
        };
        found.or_else(|| pick(&self.rest, method, verb, others))
    }
}

fn pick(
    leaves: &[Leaf],
    method: &Method,
    verb: Option<&str>,
    others: &mut Vec<Method>,
) -> Option<usize> {
    for leaf in leaves.iter().filter(|leaf| leaf.verb.as_deref() == verb) {
        if leaf.method == method {
            return Some(leaf.binding);
        }
        others.push(leaf.method.clone());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let mut routes = Routes::default();
        for (index, (method, template)) in [
            ("GET", "/v1/things/{id}"),
            ("POST", "/v1/things/search"),
            ("POST", "/v1/things/{id}:cancel"),
            ("GET", "/v1/things/search"),
            ("GET", "/v1/files/{name=**}"),
            ("GET", "/v1/files/list/all"),
            ("DELETE", "/v1/{a}/only/{b}"),
            ("PURGE", "/v1/things/{id}"),
            ("POST", "/v1/files/{name=**}:move"),
        ]
        .into_iter()
        .enumerate()
        {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            routes.add(method, &Template::parse(template).unwrap(), index).unwrap();
        }
        routes
    }

    fn binding(method: &str, path: &str) -> Option<usize> {
        match routes().find(&Method::from_bytes(method.as_bytes()).unwrap(), path) {
            Found::Binding(binding, _) => Some(binding),
            Found::OtherMethods(_) | Found::Nothing => None,
        }
    }

    #[test]
    fn the_most_literal_template_with_the_method_wins() {
        assert_eq!(binding("GET", "/v1/things/7"), Some(0));
        assert_eq!(binding("GET", "/v1/things/search"), Some(3));
        assert_eq!(binding("POST", "/v1/things/search"), Some(1));
        assert_eq!(binding("POST", "/v1/things/7:cancel"), Some(2));
        assert_eq!(
            binding("GET", "/v1/things/7:cancel"),
            Some(0),
            "no GET has the verb, so it is part of the id"
        );
        assert_eq!(binding("GET", "/v1/things/a:b"), Some(0));
        assert_eq!(binding("GET", "/v1/files/a/b/c"), Some(4));
        assert_eq!(binding("GET", "/v1/files"), Some(4));
        assert_eq!(binding("GET", "/v1/files/list/all"), Some(5));
        assert_eq!(binding("GET", "/v1/files/list/some"), Some(4), "a dead end is left again");
        assert_eq!(binding("DELETE", "/v1/things/only/x"), Some(6));
        assert_eq!(binding("PURGE", "/v1/things/x"), Some(7));
        assert_eq!(binding("POST", "/v1/files/a/b:move"), Some(8));
    }

    #[test]
    fn what_does_not_fit_says_why() {
        for nothing in [
            "/v1/things",
            "/v1/things/",
            "/v1/things/7/",
            "/v1//things",
            "/",
            "",
            "v1",
            "/v2/things/7",
        ] {
            assert_eq!(routes().find(&Method::GET, nothing), Found::Nothing, "{nothing}");
        }
        let purge = Method::from_bytes(b"PURGE").unwrap();
        assert_eq!(
            routes().find(&Method::PUT, "/v1/things/search"),
            Found::OtherMethods(vec![Method::GET, Method::POST, purge])
        );
    }

    #[test]
    fn two_bindings_of_the_same_requests_collide() {
        let same = Template::parse("/v1/things/{other}").unwrap();
        assert_eq!(routes().add(Method::GET, &same, 99), Err(0));
    }
}
