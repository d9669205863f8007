//! The model's promises, on the real weights.

mod model;

use elenchus_embedding::{DIMENSIONS, MiniLm};
use model::{dot, settings};

#[test]
fn a_paraphrase_is_nearer_than_another_subject() {
    let Some(folder) = settings().and_then(|settings| settings.folder) else { return };
    let vectors = MiniLm::load(&folder).unwrap().embed(&[
        "The tenant must pay the rent on the first day of each month.",
        "Rent is due from the lessee monthly, on the first.",
        "The court denied the motion to suppress the evidence.",
    ]);
    let vectors = vectors.unwrap();
    let (paraphrase, other) = (dot(&vectors[0], &vectors[1]), dot(&vectors[0], &vectors[2]));
    assert!(paraphrase > other + 0.4, "paraphrase {paraphrase}, other subject {other}");
}

#[test]
fn a_vector_has_length_one_whatever_the_text() {
    let Some(folder) = settings().and_then(|settings| settings.folder) else { return };
    let long = "Either party may terminate this agreement upon notice. ".repeat(100);
    let unbroken = "x".repeat(10_000);
    let texts = ["", " \u{0} ", "§ 12(b)(6)", "法律 مرحبا", &long, &unbroken];
    for (vector, text) in MiniLm::load(&folder).unwrap().embed(&texts).unwrap().iter().zip(texts) {
        assert_eq!(vector.len(), DIMENSIONS);
        assert!((dot(vector, vector) - 1.0).abs() < 1e-5, "length of {text:.20?}");
    }
}

#[test]
fn a_text_has_the_same_vector_alone_and_among_others() {
    let Some(folder) = settings().and_then(|settings| settings.folder) else { return };
    let model = MiniLm::load(&folder).unwrap();
    let texts = [1, 2, 5, 9, 20, 60].map(|n| "The landlord shall return the deposit. ".repeat(n));
    for (text, among_others) in texts.iter().zip(model.embed(&texts).unwrap()) {
        let alone = model.embed(&[text]).unwrap().remove(0);
        let apart = alone.iter().zip(&among_others).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-5, "{} characters", text.len());
    }
}

/// Computed once with another implementation of the same model (candle 0.11, f32).
#[test]
fn vectors_are_those_of_the_reference() {
    let Some(folder) = settings().and_then(|settings| settings.folder) else { return };
    let long = "Either party may terminate this agreement upon thirty days' written notice. ";
    let reference: [(&str, [f32; 6]); 4] = [
        (
            "The tenant shall pay the rent on the first day of each month.",
            [0.052_207_9, 0.022_396_2, -0.030_439_7, 0.034_747_2, -0.076_233_8, -0.007_934_8],
        ),
        (
            "Der Mieter zahlt die Miete; 法律 § 12(b)(6) – résumé naïve “quoted” مرحبا",
            [-0.116_553_3, 0.069_360_8, 0.006_022_0, 0.024_617_5, 0.008_430_2, 0.015_237_2],
        ),
        (
            &long.repeat(40),
            [-0.001_245_2, 0.025_916_2, 0.048_121_3, -0.005_112_8, -0.013_960_2, -0.010_602_4],
        ),
        ("A", [-0.036_432_9, 0.034_703_5, -0.045_959_8, 0.034_325_5, -0.080_823_4, 0.032_838_6]),
    ];
    let model = MiniLm::load(&folder).unwrap();
    for (text, expected) in reference {
        let vector = model.embed(&[text]).unwrap().remove(0);
        for (ours, theirs) in vector.iter().zip(expected) {
            assert!((ours - theirs).abs() < 2e-6, "{text:.20?}: {ours} is not {theirs}");
        }
    }
}

#[test]
fn a_folder_without_the_files_is_an_error_that_names_the_file() {
    let error = MiniLm::load("/nonexistent".as_ref()).err().unwrap();
    assert_eq!(error.to_string(), "cannot read /nonexistent/tokenizer.json");
}
