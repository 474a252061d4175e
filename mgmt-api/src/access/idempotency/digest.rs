//! By what it is told whether two requests are the same.

use crate::hex::encode;
use axum::http::header;
use axum::http::request::Parts;
use sha2::{Digest as _, Sha256};

/// Headers that change what a request means.
const MEANT: [header::HeaderName; 3] = [
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
];

/// A hash of the method, the path with its query, the headers that matter and the body. A body may
/// hold a password: the client's key, which the database does not have, keeps it from being guessed
/// by the hash.
pub(super) fn of(key: &str, parts: &Parts, body: &[u8]) -> String {
    let target = parts
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let mut hasher = Sha256::new();
    let mut field = |bytes: &[u8]| {
        // The length first, so that no two lists of fields look the same.
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    field(key.as_bytes());
    field(parts.method.as_str().as_bytes());
    field(target.as_bytes());
    for name in MEANT {
        field(
            parts
                .headers
                .get(name)
                .map_or(&[][..], |value| value.as_bytes()),
        );
    }
    field(body);
    encode(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use axum::http::Request;

    fn digest(method: &str, target: &str, if_match: &str, body: &str) -> String {
        keyed("k-1", method, target, if_match, body)
    }

    fn keyed(key: &str, method: &str, target: &str, if_match: &str, body: &str) -> String {
        let request = Request::builder().method(method).uri(target);
        let request = request.header(header::IF_MATCH, if_match).body(()).unwrap();
        of(key, &request.into_parts().0, body.as_bytes())
    }

    #[test]
    fn every_part_of_a_request_counts() {
        let all = [
            digest("POST", "/a", "", "x"),
            digest("PUT", "/a", "", "x"),
            digest("POST", "/a?b", "", "x"),
            digest("POST", "/a", "\"1\"", "x"),
            digest("POST", "/a", "", "y"),
            digest("POST", "/a", "x", ""),
            keyed("k-2", "POST", "/a", "", "x"),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
        assert_eq!(all[0], digest("POST", "/a", "", "x"));
    }
}
