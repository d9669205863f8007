//! The model: six transformer layers, the mean of their last rows, brought to unit length.

use std::ops::Range;
use std::path::Path;

use rten_gemm::GemmResult;
use serde::Deserialize;

use crate::attention::Attention;
use crate::layer::{LayerNorm, Linear, gelu};
use crate::rows::Rows;
use crate::weights::Weights;
use crate::word_piece::WordPiece;
use crate::{DIMENSIONS, Error, MAX_TOKENS, similarity};

/// Rows that go through the layers at once: enough to keep the processor busy, few enough to keep
/// the intermediate matrices small.
const MAX_ROWS: usize = 2 * MAX_TOKENS;

/// The sentence model, in memory. It blocks; see [`crate::Embedder`] for the asynchronous one.
pub struct MiniLm {
    vocabulary: WordPiece,
    words: Rows,
    positions: Rows,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Config {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f32,
}

impl MiniLm {
    /// Reads `model.safetensors`, `tokenizer.json` and `config.json` of a folder.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let vocabulary = parsed(folder, "tokenizer.json", WordPiece::parse)?;
        let config = parsed(folder, "config.json", Config::parse)?;
        parsed(folder, "model.safetensors", |bytes| {
            Self::assemble(&Weights::parse(bytes)?, &config, vocabulary)
        })
    }

    fn assemble(
        weights: &Weights<'_>,
        config: &Config,
        vocabulary: WordPiece,
    ) -> Result<Self, String> {
        let width = config.hidden_size;
        let table = |name: &str, rows| {
            let numbers =
                weights.values(&format!("embeddings.{name}_embeddings.weight"), &[rows, width])?;
            Ok::<_, String>(Rows::of(width, numbers))
        };
        let words = table("word", vocabulary.size())?;
        let mut positions = table("position", config.max_position_embeddings)?;
        // Every text is a single segment, so the segment's row can be added once and for all.
        let segments = table("token_type", config.type_vocab_size)?;
        positions.iter_mut().for_each(|row| add(row, segments.row(0)));
        let norm = LayerNorm::load(weights, "embeddings.LayerNorm", width, config.layer_norm_eps)?;
        let layers =
            (0..config.num_hidden_layers).map(|number| Layer::load(weights, number, config));
        Ok(Self { vocabulary, words, positions, norm, layers: layers.collect::<Result<_, _>>()? })
    }

    /// One vector of length 1 for each text, in order. A text's vector does not depend on the
    /// texts beside it.
    pub fn embed<T: AsRef<str>>(&self, texts: &[T]) -> Result<Vec<Vec<f32>>, Error> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut batch = Vec::new();
        let mut rows = 0;
        for text in texts {
            let tokens = self.vocabulary.tokens(text.as_ref(), MAX_TOKENS);
            if rows + tokens.len() > MAX_ROWS {
                vectors.extend(self.forward(&std::mem::take(&mut batch))?);
                rows = 0;
            }
            rows += tokens.len();
            batch.push(tokens);
        }
        vectors.extend(self.forward(&batch)?);
        Ok(vectors)
    }

    /// The texts' rows are laid end to end and not padded: only attention has to know the borders.
    fn forward(&self, batch: &[Vec<u32>]) -> GemmResult<Vec<Vec<f32>>> {
        let mut texts: Vec<Range<usize>> = Vec::with_capacity(batch.len());
        for tokens in batch {
            let start = texts.last().map_or(0, |text| text.end);
            texts.push(start..start + tokens.len());
        }
        let mut rows = Rows::zeros(texts.last().map_or(0, |text| text.end), DIMENSIONS);
        let placed = batch.iter().flat_map(|tokens| tokens.iter().enumerate());
        for (row, (position, token)) in rows.iter_mut().zip(placed) {
            add(row, self.words.row(*token as usize));
            add(row, self.positions.row(position));
        }
        let rows = self.norm.apply(rows);
        let rows = self.layers.iter().try_fold(rows, |rows, layer| layer.apply(rows, &texts))?;
        Ok(texts.iter().map(|text| pooled(&rows, text)).collect())
    }
}

fn add(sum: &mut [f32], row: &[f32]) {
    sum.iter_mut().zip(row).for_each(|(sum, number)| *sum += number);
}

/// The mean of a text's rows, brought to length 1.
fn pooled(rows: &Rows, text: &Range<usize>) -> Vec<f32> {
    let mut sum = vec![0.0; DIMENSIONS];
    rows.iter().skip(text.start).take(text.len()).for_each(|row| add(&mut sum, row));
    let length = similarity(&sum, &sum).sqrt();
    sum.iter_mut().for_each(|number| *number /= length);
    sum
}

/// Attention, then two linear maps, each added to its input and normalised.
struct Layer {
    attention: Attention,
    after_attention: Linear,
    attention_norm: LayerNorm,
    widen: Linear,
    narrow: Linear,
    norm: LayerNorm,
}

impl Layer {
    fn load(weights: &Weights<'_>, number: usize, config: &Config) -> Result<Self, String> {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let linear = |part, shape| Linear::load(weights, &name(part), shape);
        let norm = |part| LayerNorm::load(weights, &name(part), width, config.layer_norm_eps);
        let heads = config.num_attention_heads;
        Ok(Self {
            attention: Attention::load(weights, &name("attention.self"), width, heads)?,
            after_attention: linear("attention.output.dense", [width, width])?,
            attention_norm: norm("attention.output.LayerNorm")?,
            widen: linear("intermediate.dense", [width, inner])?,
            narrow: linear("output.dense", [inner, width])?,
            norm: norm("output.LayerNorm")?,
        })
    }

    fn apply(&self, rows: Rows, texts: &[Range<usize>]) -> GemmResult<Rows> {
        let attended = self.after_attention.apply(&self.attention.apply(&rows, texts)?)?;
        let rows = self.attention_norm.apply(attended.plus(&rows));
        let outer = self.narrow.apply(&gelu(self.widen.apply(&rows)?))?;
        Ok(self.norm.apply(outer.plus(&rows)))
    }
}

impl Config {
    fn parse(json: &[u8]) -> Result<Self, String> {
        let config: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let heads = config.num_attention_heads;
        if config.hidden_size != DIMENSIONS || heads == 0 || !DIMENSIONS.is_multiple_of(heads) {
            let width = config.hidden_size;
            return Err(format!("{heads} heads on {width} dimensions, expected {DIMENSIONS}"));
        }
        if config.max_position_embeddings < MAX_TOKENS || config.type_vocab_size == 0 {
            let positions = config.max_position_embeddings;
            return Err(format!("only {positions} positions, expected {MAX_TOKENS}"));
        }
        Ok(config)
    }
}

fn parsed<T>(
    folder: &Path,
    name: &str,
    parse: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<T, Error> {
    let path = folder.join(name);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(Error::Read { path, source }),
    };
    parse(&bytes).map_err(|problem| Error::Format { path, problem })
}
