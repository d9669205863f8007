//! The nineteen cases that every checker of quotes is measured by, and what they leave open.

use elenchus_citation::{
    Change, Comparison, GapPlace, Hidden, Implausible, Item, Options, Reason, Report, Source,
    Status, check,
};

const CLAUSES: &str = "7.1 Limitation. The Supplier shall not be liable for any indirect, special or \
    consequential loss arising under this Agreement, howsoever caused, including loss of profit or goodwill. \
    7.2 Cap. The Supplier's aggregate liability shall not exceed $1.5 million in any contract year. \
    7.3 Carve-out. Nothing in this clause 7 limits liability for fraud. The Customer may terminate this \
    Agreement on thirty (30) days' written notice to the Supplier. \
    9.4 Conduct. Each party shall refrain from unlawful conduct. ";
const PAYMENT: &str = "14.2 The Customer shall pay all invoices within sixty (60) days. The parties agree that \
    the restriction in clause 12.1 shall survive termination of this Agreement for a period of two (2) years.";

fn agreement() -> String {
    let filler = "The parties have read the schedules and keep a copy of each at their own registered office. ";
    format!("{CLAUSES}{}{PAYMENT}", filler.repeat(22))
}

fn report(quote: &str, text: &str) -> Report {
    check(&format!("It says “{quote}”."), &[Source::new("doc", text)], &Options::default())
}

fn judge(quote: &str, text: &str) -> Item {
    let [item] = <[Item; 1]>::try_from(report(quote, text).items).unwrap();
    item
}

#[test]
fn true_quotes_are_verbatim() {
    let source = agreement();
    for quote in [
        "shall survive termination of this Agreement for a period of two (2) years",
        "The  Customer shall pay all invoices\nwithin sixty (60) days",
        "on thirty (30) days’ written notice to the Supplier",
    ] {
        assert_eq!(judge(quote, &source).status, Status::Verbatim, "{quote}");
    }
    let elided = judge(
        "The Supplier shall not be liable for any indirect ... loss of profit or goodwill",
        &source,
    );
    assert_eq!(elided.status, Status::VerbatimElided);
    let [gap] = &elided.gaps[..] else { panic!("{:?}", elided.gaps) };
    assert!(gap.left_out.starts_with(", special or") && gap.left_out.ends_with("including"));
    assert!(gap.hides.is_empty());
}

#[test]
fn no_altered_quote_is_verbatim() {
    let source = agreement();
    let first = "The Supplier shall not be liable for any indirect, special or consequential loss arising under \
        this Agreement, howsoever caused, including loss of profit or goodwill";
    let expected = [
        (first.replace("not ", ""), Status::Altered),
        (
            "The Customer shall terminate this Agreement on thirty (30) days' written notice"
                .into(),
            Status::Altered,
        ),
        ("aggregate liability shall not exceed $15 million".into(), Status::Altered),
        ("thirty (80) days'".into(), Status::TooShort),
        ("ten (2) years".into(), Status::TooShort),
        ("The Supplier shall ... be liable for any indirect".into(), Status::VerbatimElided),
        (
            "The Supplier's aggregate liability ... shall pay all invoices within sixty (60) days"
                .into(),
            Status::Altered,
        ),
        ("shall survive termination ... The Supplier shall not be liable".into(), Status::Altered),
        ("lawful conduct".into(), Status::TooShort),
        ("Supplier".into(), Status::TooShort),
        ("The ... Customer ... is ... liable ... for ... fraud".into(), Status::TooShort),
        ("the restriction in clause 121 shall survive".into(), Status::Altered),
        (
            "The Supplier shall pay liquidated damages of $1,000,000 per breach".into(),
            Status::NotFound,
        ),
        (first.replace("including", "excluding"), Status::Altered),
    ];
    for (quote, status) in expected {
        let item = judge(&quote, &source);
        assert_eq!(item.status, status, "{quote}");
        if status == Status::VerbatimElided {
            assert_eq!(item.gaps[0].hides, [Hidden::Negation]);
            assert!(item.is_finding());
        }
    }
    // Without words nothing is quoted.
    assert!(report("... . ...", &source).items.is_empty());
}

#[test]
fn the_difference_is_the_smallest() {
    let item =
        judge("The Supplier shall be liable for any indirect, special loss arising", &agreement());
    let expected = [
        Change::Same { text: "The Supplier shall".into() },
        Change::Missing { source: "not".into() },
        Change::Same { text: "be liable for any indirect, special".into() },
        Change::Missing { source: "or consequential".into() },
        Change::Same { text: "loss arising".into() },
    ];
    assert_eq!((item.status, item.diff), (Status::Altered, expected.to_vec()));
    let item =
        judge("The Customer shall terminate this Agreement on thirty (30) days", &agreement());
    assert!(item.diff.contains(&Change::Replaced { source: "may".into(), quote: "shall".into() }));
}

#[test]
fn a_quote_never_begins_or_ends_inside_a_word_or_a_number() {
    for (quote, source) in [
        ("lawful conduct by the other party", "It deplores non-lawful conduct by the other party."),
        (
            "lawful conduct by the other party",
            "It deplores non-\nlawful conduct by the other party.",
        ),
        ("shall pay the sum of $1.5", "The Customer shall pay the sum of $1.5 million."),
        ("shall pay the sum of 5", "The Customer shall pay the sum of 5% each year."),
        ("shall pay the sum of 12", "The Customer shall pay the sum of 12 000 euros."),
        (
            "000 euros for each such breach",
            "The Customer pays 12\u{a0}000 euros for each such breach.",
        ),
        ("5 million for each such breach", "The Customer pays $1.5 million for each such breach."),
        (
            "1.5 million for each such breach",
            "The Customer pays $1.5 million for each such breach.",
        ),
        ("10 days after receipt of it", "The Customer pays 5-10 days after receipt of it."),
        ("notice under rule 12(b)", "The party gives notice under rule 12(b)(6) and waits."),
        (
            "the joint liability of the director",
            "It is the joint liability of the director(s) alone.",
        ),
    ] {
        let item = judge(quote, source);
        assert_eq!(
            (item.status, item.reason),
            (Status::Altered, Some(Reason::CutInsideWord)),
            "{quote}"
        );
        assert!(item.diff.iter().any(|change| matches!(change, Change::Missing { .. })));
    }
}

#[test]
fn only_glyphs_case_and_space_are_folded() {
    let same = [
        ("the \"Fee\" - as defi\u{ad}ned - is due", "the “Fee” — as deﬁned — is\u{a0}due"),
        ("An obligation of either party arises", "an obli-\n  gation of either party arises"),
        ("a well-known term of the trade", "a well-\nknown term of the trade"),
        ("the café’s owner shall pay rent", "the cafe\u{301}'s owner shall pay rent"),
        ("shall **not** be liable for it", "shall not be liable for it"),
        ("the first half of a page goes on", "the first half\x0cof a page goes on"),
        ("die Gebühr ist sofort fällig", "Die GEBÜHR ist sofort fällig"),
    ];
    for (quote, source) in same {
        assert_eq!(judge(quote, source).status, Status::Verbatim, "{quote}");
    }
    let other = [
        ("an area of 10 m2 of the premises", "an area of 10 m² of the premises"),
        ("within 102 days of the receipt", "within 10² days of the receipt"),
        ("within 3060 days of the receipt", "within 30\u{ad}60 days of the receipt"),
        ("within 3060 days of the receipt", "within 30-\n60 days of the receipt"),
        ("the wellknown term of the trade", "the well-known term of the trade"),
        ("shall pay the sum of 1", "The Customer shall pay the sum of 1.5 million."),
        ("in clauses 1,5 of the agreement", "in clauses 1, 5 of the agreement"),
        ("a plate of 5' in all its length", "a plate of 5\" in all its length"),
        ("the pаrty shall pay the whole rent", "the party shall pay the whole rent"),
        ("any direct loss or special damage", "any direct loss, or special damage"),
        ("the term of 1/2 year is agreed on", "the term of ½ year is agreed on"),
    ];
    for (quote, source) in other {
        assert_eq!(judge(quote, source).status, Status::Altered, "{quote}");
    }
}

#[test]
fn brackets_change_a_quote_openly() {
    let source = "Where notice is due the Tenant agreed to pay the full rent without deduction.";
    let item = judge("[T]he Tenant agree[s] to pay [all] rent without deduction", source);
    assert_eq!(item.status, Status::VerbatimElided);
    let between: Vec<_> = item.gaps.iter().filter(|gap| gap.place == GapPlace::Between).collect();
    assert_eq!((between[0].left_out.as_str(), between[0].inserted.as_str()), ("the full", "all"));
    // The sentence's own condition stands before the quote.
    assert_eq!(
        (item.gaps[0].place, &item.gaps[0].hides[..]),
        (GapPlace::Before, &[Hidden::Condition][..])
    );

    let negated = judge("the Tenant agreed [not] to pay the full rent", source);
    assert_eq!(negated.status, Status::VerbatimElided);
    assert!(negated.gaps.iter().any(|gap| gap.hides == [Hidden::Negation]));
    assert_eq!(judge("pay the full rent [with]out deduction", source).status, Status::Altered);
    // What the source itself has in brackets or with dots is quoted as it is.
    let form = "I, [name of party], state . . . that I served it.";
    assert_eq!(
        judge("I, [name of party], state ... that I served it", form).status,
        Status::Verbatim
    );
}

#[test]
fn an_ellipsis_stays_in_its_section_and_within_bounds() {
    let near = "8.1 The Tenant shall keep the premises clean and dry. 8.2 Rent. It shall be paid monthly in advance.";
    let item = judge("The Tenant shall keep ... be paid monthly in advance", near);
    assert_eq!((item.status, item.reason), (Status::Altered, Some(Reason::Spliced)));
    let far = format!("The Tenant shall keep {} the premises clean and dry.", "and ".repeat(101));
    assert_eq!(
        judge("The Tenant shall keep ... the premises clean and dry", &far).status,
        Status::Altered
    );
    let ends = judge("... limits liability for fraud", &agreement());
    assert_eq!(ends.status, Status::VerbatimElided);
    assert_eq!(
        (ends.gaps[0].left_out.as_str(), &ends.gaps[0].hides[..]),
        ("Nothing in this clause 7", &[Hidden::Negation][..])
    );
}

#[test]
fn every_place_is_listed_with_page_line_and_characters() {
    let first =
        Source::new("a", "Ärger.\nThe rent is due monthly.\x0cToday\nthe rent is due monthly.");
    let second = Source::new("b", "the rent is due monthly").beginning_at(500, None);
    let report = check("“The rent is due monthly” [1]", &[first, second], &Options::default());
    let places: Vec<_> = report.items[0]
        .locations
        .iter()
        .map(|place| {
            (place.document_id.as_str(), place.page, place.line, place.start_char, place.end_char)
        })
        .collect();
    assert_eq!(
        places,
        [("a", Some(1), 2, 7, 30), ("a", Some(2), 2, 38, 61), ("b", None, 1, 500, 523)]
    );
}

#[test]
fn what_cannot_be_checked_says_why() {
    let answer = "“The rent is due every month” [1] and [2].";
    let none = check(answer, &[], &Options::default());
    assert_eq!(
        (none.items[0].status, none.items[0].reason),
        (Status::NotCheckable, Some(Reason::NoSource))
    );
    let scan = [Source::without_text("scan").with_marker("[1]")];
    let item = &check(answer, &scan, &Options::default()).items[0];
    assert_eq!((item.status, item.reason), (Status::NotCheckable, Some(Reason::SourceWithoutText)));
}

#[test]
fn what_rests_on_text_of_a_damaged_file_says_so() {
    let text = "The rent is due every month.";
    let (damaged, whole) = (Source::new("damaged", text).recovered(), Source::new("whole", text));
    let answer = "“The rent is due every month” and “the tenant pays the taxes”.";
    let facts = |sources: &[Source<'_>]| {
        let report = check(answer, sources, &Options::default());
        report.items.iter().map(|item| (item.status, item.reason)).collect::<Vec<_>>()
    };
    let recovered = Some(Reason::RecoveredText);
    assert_eq!(
        facts(std::slice::from_ref(&damaged)),
        [(Status::Verbatim, recovered), (Status::NotFound, recovered)]
    );
    // A place in a file that is whole is enough; a damaged one may yet hold what was not found.
    assert_eq!(
        facts(&[damaged, whole.clone()]),
        [(Status::Verbatim, None), (Status::NotFound, recovered)]
    );
    assert_eq!(facts(&[whole]), [(Status::Verbatim, None), (Status::NotFound, None)]);
    let report = check(answer, &[Source::new("damaged", text).recovered()], &Options::default());
    assert_eq!(report.findings().count(), 2, "a reader should look at both");
}

#[test]
fn markers_are_held_against_the_sources() {
    let sources = [
        Source::new("a", "The rent is due monthly.").with_marker("[1]"),
        Source::new("b", "Nothing of the kind.").with_marker("[2]"),
    ];
    let answer = "“The rent is due monthly” [2]. It is so [3]. 『引用』";
    let report = check(answer, &sources, &Options::default());
    let facts: Vec<_> =
        report.items.iter().map(|item| (item.text.as_str(), item.status, item.reason)).collect();
    assert_eq!(
        facts,
        [
            ("The rent is due monthly", Status::Verbatim, Some(Reason::OtherSource)),
            ("[2]", Status::InSources, None),
            ("[3]", Status::NotInSources, None),
            ("引用", Status::TooShort, None)
        ]
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["counts"]["verbatim"], 1);
    assert_eq!(json["items"][0]["span"]["start_char"], 1);
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
}

#[test]
fn legal_citations_carry_facts_and_no_verdict() {
    let opinion = "As Roe v. Wade, 410 U.S. 113 (1973), holds, and 15 U.S.C. § 78u-4 says.";
    let answer = "See Roe v. Wayne, 410 U. S. 113, 153 (1972). Id. at 154. But 5 F.3d 1 (9th Cir. 1950); \
        Doe v. Poe, 1 F.4th 2 (2021).";
    let report = check(answer, &[Source::new("opinion", opinion)], &Options::default());
    let statuses: Vec<Status> = report.items.iter().map(|item| item.status).collect();
    assert_eq!(
        statuses,
        [Status::InSources, Status::InSources, Status::Implausible, Status::NotInSources]
    );
    let facts = report.items[0].facts.as_ref().unwrap();
    assert_eq!(facts.case_name_in_source, Some(Comparison::Differs));
    assert_eq!(facts.year_in_source, Some(Comparison::Differs));
    assert_eq!(report.items[0].locations[0].start_char, 16);
    assert_eq!(report.items[1].facts.as_ref().unwrap().refers_to, Some(0));
    assert_eq!(report.items[2].facts.as_ref().unwrap().implausible, [Implausible::EditionYear]);
    assert!(!report.items[3].is_finding());
}
