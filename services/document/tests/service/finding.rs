//! Search by words.

use elenchus_proto::pb::document::v1 as pb;
use elenchus_rpc::UserId;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::service::{Ground, Node};

async fn search(node: &Node, query: &str, method: &str) -> Result<Vec<pb::SearchResult>, Status> {
    let message = pb::SearchDocumentsRequest {
        query: query.to_owned(),
        method: method.to_owned(),
        ..Default::default()
    };
    Ok(node.client().search_documents(node.of_user(message)).await?.into_inner().results)
}

#[tokio::test]
async fn a_cited_section_is_one_word_and_a_title_says_what_its_passages_are_of() {
    let ground = Ground::new().await;
    let mut node = ground.node().await;
    let motion =
        "MOTION TO DISMISS\n\nDefendant moves under Rule 12(b)(6) because no claim is stated.\n";
    let other =
        "ANSWER OF THE DEFENDANT\n\nUnder 6 headings, (b) and 12 more, each claim is denied.\n";
    node.read("motion.txt", motion.as_bytes()).await;
    node.read("answer.txt", other.as_bytes()).await;

    let found = search(&node, "12(b)(6)", "words").await.unwrap();
    assert_eq!(found[0].filename, "motion.txt");
    assert!(found[0].relevance > found.get(1).map_or(0.0, |hit| hit.relevance));
    let found = search(&node, "what does the dismiss motion say", "").await.unwrap();
    assert_eq!(found[0].filename, "motion.txt");
    assert!(search(&node, "maritime salvage", "words").await.unwrap().is_empty());
    let refusal = search(&node, "claim", "magic").await.unwrap_err();
    assert_eq!(refusal.code(), Code::InvalidArgument);

    node.user = UserId(Uuid::now_v7());
    assert!(search(&node, "12(b)(6)", "").await.unwrap().is_empty(), "a stranger finds nothing");
}

#[tokio::test]
async fn a_cited_authority_finds_the_passages_that_cite_it_however_it_is_written() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let papers = [
        (
            "rights.txt",
            "The claim under 42 U.S.C. § 1983(a) is against the sheriff of the county.\n",
        ),
        ("numbers.txt", "In 1983 the county paid 42 invoices, and U.S.C. printed its yearbook.\n"),
        ("motion.txt", "The motion is made under Fed. R. Civ. P. 12(b)(6) for want of a claim.\n"),
        ("rules.txt", "The rules of civil procedure, no. 12, part (b), item 6, bind P. and R.\n"),
        ("privacy.txt", "As Roe v. Wade, 410 U.S. 113 (1973) had it, the matter was private.\n"),
    ];
    for (name, text) in papers {
        node.read(name, text.as_bytes()).await;
    }
    for (query, expected) in [
        ("42 U.S.C. § 1983", "rights.txt"),
        ("which claims arise under 42 U. S. C. §1983?", "rights.txt"),
        ("Fed. R. Civ. P. 12(b)(6)", "motion.txt"),
        ("Fed.R.Civ.P. 12", "motion.txt"),
        ("who relies on 410 U. S. 113", "privacy.txt"),
    ] {
        let found = search(&node, query, "words").await.unwrap();
        assert_eq!(found[0].filename, expected, "{query}");
        let next = found.get(1).map_or(0.0, |hit| hit.score);
        assert!(found[0].score > next, "{query}");
    }
}

#[tokio::test]
async fn a_library_too_large_to_rank_whole_is_ranked_by_the_rarest_words_of_a_query() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    for number in 0..6 {
        let text = format!("The tenant of unit {number} pays the rent. The rent is due monthly.\n");
        node.read(&format!("lease-{number}.txt"), text.as_bytes()).await;
    }
    node.read("roof.txt", b"The tenant repairs the chimney, and the rent is lower for it.\n").await;
    let few = [("WORDS_EXACT_UP_TO", "0"), ("SEARCH_CANDIDATES", "2")];
    let few = ground.node_with(&few).await;
    for query in ["does the tenant repair the chimney or pay rent", "chimney"] {
        let all = search(&node, query, "words").await.unwrap();
        let rarest = search(&few, query, "words").await.unwrap();
        assert_eq!((&*all[0].filename, &*rarest[0].filename), ("roof.txt", "roof.txt"), "{query}");
        assert_eq!(rarest.len(), 1, "only what holds the rarest words is ranked: {query}");
    }
    let common = search(&few, "rent", "words").await.unwrap();
    assert_eq!(common.len(), 7, "a query of common words alone is answered too");
    assert!(search(&few, "maritime salvage", "words").await.unwrap().is_empty());
}

#[tokio::test]
async fn of_two_copies_the_newest_comes_first_and_the_other_behind_what_says_something_else() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let form = "NOTICE TO THE TENANT\n\nThe tenant files the complaint within twenty days, or loses the appeal.\n";
    node.read("old.txt", form.as_bytes()).await;
    node.read("new.txt", format!("{form}\n").as_bytes()).await;
    node.read("other.txt", b"The clerk keeps each complaint for ten years.\n").await;
    let found = search(&node, "when is the complaint of a tenant filed", "words").await.unwrap();
    let names: Vec<_> = found.iter().map(|hit| hit.filename.as_str()).collect();
    assert_eq!(names, ["new.txt", "other.txt", "old.txt"]);
    assert_eq!(found[0].score, found[2].score, "what says the same scores alike");
}

#[tokio::test]
async fn what_no_document_can_be_called_is_refused_by_name() {
    let ground = Ground::new().await;
    let node = ground.node().await;
    let nul = "contract\0".to_owned();
    let filters = [
        ("category", pb::SearchFilters { category: nul.clone(), ..Default::default() }),
        ("jurisdiction", pb::SearchFilters { jurisdiction: nul.clone(), ..Default::default() }),
        ("practice_area", pb::SearchFilters { practice_area: nul.clone(), ..Default::default() }),
    ];
    for (field, filters) in filters {
        let listing = pb::ListDocumentsRequest {
            category: filters.category.clone(),
            jurisdiction: filters.jurisdiction.clone(),
            practice_area: filters.practice_area.clone(),
            ..Default::default()
        };
        let refusal = node.client().list_documents(node.of_user(listing)).await.unwrap_err();
        named(field, &refusal);
        let query = pb::SearchDocumentsRequest {
            query: "claim".to_owned(),
            filters: Some(filters),
            ..Default::default()
        };
        named(field, &node.client().search_documents(node.of_user(query)).await.unwrap_err());
    }
    let listing = pb::ListDocumentsRequest { q: nul, ..Default::default() };
    named("q", &node.client().list_documents(node.of_user(listing)).await.unwrap_err());
}

fn named(field: &str, refusal: &Status) {
    assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal:?}");
    let details = refusal.get_details_bad_request().expect("the refusal names a field");
    assert_eq!(details.field_violations[0].field, field);
}
