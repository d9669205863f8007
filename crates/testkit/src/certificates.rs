//! The certificates of a mesh: an authority, and what it signs.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// An authority of a test's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// Draws one.
    pub fn draw() -> Self {
        let key = KeyPair::generate().expect("a key can be drawn");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("an authority signs itself").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Writes `ca.pem`, and the certificate and key of whoever is so named as `<file>.pem` and
    /// `<file>.key`.
    pub fn write(&self, folder: &Path, file: &str, names: &[&str]) {
        let key = KeyPair::generate().expect("a key can be drawn");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).expect("these are DNS names");
        let certificate = params.signed_by(&key, &self.issuer).expect("the authority signs");
        for (name, pem) in [
            ("ca.pem".to_owned(), self.pem.clone()),
            (format!("{file}.pem"), certificate.pem()),
            (format!("{file}.key"), key.serialize_pem()),
        ] {
            std::fs::write(folder.join(name), pem).expect("a certificate can be written");
        }
    }
}
