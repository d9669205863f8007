use std::process::ExitCode;
fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(elenchus_document::extract::EXTRACT_ARGUMENT) {
        return elenchus_document::extract::run_extractor();
    }
    ExitCode::FAILURE
}
