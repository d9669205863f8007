//! The vectors of the stand-in: texts that share words have vectors that are near.

use serde_json::{Value, json};

/// Numbers in a vector where the request does not say how many.
const LENGTH: usize = 64;

/// Whether a request asks for vectors.
pub(crate) fn are_asked_for(request: &str) -> bool {
    let line = request.lines().next().unwrap_or_default();
    line.contains("/embeddings ") || line.contains(":batchEmbedContents ")
}

/// The answer to such a request, with so many numbers too many in each vector.
pub(crate) fn answer(request: &str, too_many: usize) -> String {
    let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let length = |value: &Value| value.as_u64().map_or(LENGTH, |length| length as usize) + too_many;
    let answer = match (body["input"].as_array(), body["requests"].as_array()) {
        (Some(texts), _) => {
            let length = length(&body["dimensions"]);
            let data = texts.iter().enumerate().map(|(index, one)| {
                json!({"object": "embedding", "index": index, "embedding": vector(&text(one), length)})
            });
            // The order is not promised, the index is.
            json!({"object": "list", "data": data.rev().collect::<Vec<_>>()})
        }
        (None, Some(requests)) => {
            let embeddings = requests.iter().map(|one| {
                let length = length(&one["outputDimensionality"]);
                json!({"values": vector(&text(&one["content"]["parts"][0]["text"]), length)})
            });
            json!({"embeddings": embeddings.collect::<Vec<_>>()})
        }
        (None, None) => json!({}),
    };
    let answer = answer.to_string();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
        answer.len()
    )
}

/// How often words stand in a text, each at a place that its letters choose. Not of length 1.
fn vector(text: &str, length: usize) -> Vec<f32> {
    let mut vector = vec![0.01; length];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2) {
        let place = word
            .to_lowercase()
            .bytes()
            .fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        vector[place % length] += 1.0;
    }
    vector
}
