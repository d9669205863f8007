//! Files on their way in.

use tonic::Code;

use crate::service::Ground;

const LEASE: &[u8] = b"LEASE\n\nThe tenant pays the rent on the first day of each month.\n";

#[tokio::test]
async fn a_file_under_a_wrong_name_is_refused_with_the_mend_and_read_anew_under_the_right_one() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let wrong = node.read("lease.pdf", LEASE).await;
    assert_eq!(wrong.processing_error_code, "TYPE_MISMATCH");
    assert!(wrong.processing_error.contains("end in .txt"), "{wrong:?}");

    let right = node.read("lease.txt", LEASE).await;
    assert_eq!(right.id, wrong.id, "the same bytes are the same document");
    assert_eq!(right.processing_status, "completed", "{right:?}");
    assert_eq!((right.filename.as_str(), right.file_type.as_str()), ("lease.txt", "txt"));
    assert_eq!(ground.stored(), 1, "the bytes are kept once");

    let again = node.upload("copy.txt", LEASE).await.unwrap();
    assert_eq!((again.id, again.filename.as_str()), (right.id.clone(), "lease.txt"));
    assert_eq!(ground.stored(), 1);
    let refusal = node.retry(&right.id).await.unwrap_err();
    assert_eq!(refusal.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_name_is_never_a_path() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    for (name, kept) in
        [("../../etc/passwd.txt", "passwd.txt"), (r"C:\temp\..\lease.txt", "lease.txt")]
    {
        let bytes = format!("{name} holds the lease.");
        assert_eq!(node.upload(name, bytes.as_bytes()).await.unwrap().filename, kept);
    }
    for name in ["..", ".txt/", "lease\0.txt", "lease.exe"] {
        let refusal = node.upload(name, LEASE).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument, "{name}");
    }
    assert_eq!(ground.stored(), 2);
}
