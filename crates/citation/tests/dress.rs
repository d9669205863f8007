//! Quotes as people and models really write them: true ones in every dress, and ones whose dress hides a change.

use elenchus_citation::{Hidden, Item, Kind, Options, Source, Status, check};

const LEASE: &str = "The Tenant shall not assign this lease without prior written consent. \
    The Landlord cannot refuse it unreasonably.";
const PLEADING: [&str; 12] = [
    "COMPLAINT FOR DAMAGES",
    "Plaintiff alleges that the",
    "Defendant shall not enter",
    "the said premises at night",
    "and keeps the peace. The",
    "Court has jurisdiction over",
    "this matter under the law",
    "of the State of California.",
    "Venue is proper in this",
    "County as the land lies",
    "here. Plaintiff asks for",
    "judgment and for costs.",
];

fn quotes(answer: &str, source: &str) -> Vec<Item> {
    let report =
        check(answer, &[Source::new("doc", source).with_marker("[1]")], &Options::default());
    report.items.into_iter().filter(|item| item.kind == Kind::Quote).collect()
}

fn judge(quote: &str, source: &str) -> Item {
    let [item] = <[Item; 1]>::try_from(quotes(&format!("It says “{quote}”."), source)).unwrap();
    item
}

#[test]
fn marks_of_every_language_hold_a_quote() {
    let words = "shall not assign this lease without prior";
    for (open, close) in [
        ("\"", "\""),
        ("“", "”"),
        ("”", "”"),
        ("‘", "’"),
        ("'", "'"),
        ("''", "''"),
        ("``", "''"),
        ("„", "“"),
        ("„", "\""),
        ("‚", "‘"),
        ("«\u{a0}", "\u{a0}»"),
        ("»", "«"),
        ("‹", "›"),
        ("「", "」"),
        ("『", "』"),
        ("〝", "〟"),
        ("＂", "＂"),
        ("״", "״"),
        ("❝", "❞"),
        ("″", "″"),
        ("&ldquo;", "&rdquo;"),
        ("&quot;", "&quot;"),
        ("&#8220;", "&#x201d;"),
    ] {
        let status = |words: &str| {
            let items = quotes(&format!("It says {open}{words}{close} in clause one."), LEASE);
            items.iter().map(|item| item.status).collect::<Vec<_>>()
        };
        assert_eq!(status(words), [Status::Verbatim], "{open}{close}");
        assert_eq!(status(&words.replace("not ", "")), [Status::Altered], "{open}{close}");
    }
    // Code is not quoted, and an apostrophe may be doubled by mistake.
    assert!(quotes("Run ``shall pay the rent`` or `shall pay the rent`.", LEASE).is_empty());
}

#[test]
fn markup_is_no_change_and_hides_none() {
    for quote in [
        "shall <b>not</b> assign this<br>lease",
        "shall&nbsp;not assign this lease",
        "shall not assign [this lease](https://example.com/a_b)",
        "shall ***not*** assign __this__ `lease`",
        "shall \\_not\\_ assign this lease",
        "shall &#110;ot assign this lease",
        "shall not assign this lease [1]",
        "shall not assign this lease. [1]",
    ] {
        assert_eq!(judge(quote, LEASE).status, Status::Verbatim, "{quote}");
    }
    for quote in [
        "shall <del>not</del> assign this lease",
        "shall ~~not~~ assign this lease",
        "shall <!-- not --> assign this lease",
        "shall <b></b> assign this lease",
        "shall \u{202e}not\u{202c} assign this lease",
    ] {
        assert_eq!(judge(quote, LEASE).status, Status::Altered, "{quote}");
    }
    let area = "the area of 102 feet by 5 3 feet of it";
    for quote in ["area of 10<sup>2</sup> feet by 5 3 feet", "feet by 5 * 3 feet of it"] {
        assert!(judge(quote, area).is_finding(), "{quote}");
    }
}

#[test]
fn every_way_to_leave_words_out_is_read_as_one() {
    for left_out in
        ["...", ". . . .", "…", "⋯", ".\u{a0}.\u{a0}.", "* * *", "[...]", "[…]", "(...)", "[* * *]"]
    {
        let item = judge(&format!("shall not assign this {left_out} prior written consent"), LEASE);
        assert_eq!(item.status, Status::VerbatimElided, "{left_out}");
        assert_eq!(item.gaps[0].left_out, "lease without", "{left_out}");
        let item =
            judge(&format!("lease without prior written {left_out} refuse it unreasonably"), LEASE);
        assert_eq!(item.gaps[0].hides, [Hidden::Negation], "{left_out}");
    }
}

#[test]
fn brackets_at_the_end_of_a_word_hide_no_negation() {
    for quote in
        ["The Landlord can[] refuse it unreasonably", "shall not assign this lease with[] prior"]
    {
        assert_eq!(judge(quote, LEASE).status, Status::Altered, "{quote}");
    }
    // The number of a note is no ending of a word.
    let item = judge("The Landlord cannot refuse[2] it unreasonably", LEASE);
    assert_eq!((item.status, item.gaps[0].inserted.as_str()), (Status::VerbatimElided, "2"));
}

#[test]
fn a_number_is_never_cut_and_never_joined() {
    for (quote, source) in [
        ("shall be at least 5", "The rate shall be at least 5 1/2 percent."),
        ("shall be at least 5", "The rate shall be at least 5 ½ percent."),
        ("the lease ends after thirty", "The lease ends after thirty five days."),
        ("the sum of 3060 dollars", "The sum of 30\u{200b}60 dollars is due."),
        ("the sum of 3060 dollars", "The sum of 30\u{2060}60 dollars is due."),
    ] {
        assert_eq!(judge(quote, source).status, Status::Altered, "{quote}");
    }
}

#[test]
fn blanks_and_lists_are_quoted_in_another_shape() {
    let form = "I, __________, owe:\n\u{2022} the rent\n\u{f0b7} the costs of heating";
    let answer = "> I, ____, owe:\n> - the rent\n> - the costs of heating\n";
    assert_eq!(quotes(answer, form)[0].status, Status::Verbatim);
    assert_eq!(judge("I, owe: the rent", form).status, Status::Altered);
}

#[test]
fn what_pages_have_besides_words_parts_no_quote() {
    let numbered: Vec<String> =
        PLEADING.iter().enumerate().map(|(at, line)| format!("{:2}  {line}", at + 1)).collect();
    let numbered = numbered.join("\n");
    let item = judge(
        "Defendant shall not enter the said premises at night and keeps the peace",
        &numbered,
    );
    assert_eq!(item.status, Status::VerbatimElided);
    let left_out: Vec<&str> = item.gaps.iter().map(|gap| gap.left_out.as_str()).collect();
    assert_eq!((left_out, item.is_finding()), (vec!["4", "5"], false));
    let item =
        judge("Defendant shall enter the said premises at night and keeps the peace", &numbered);
    assert_eq!((item.status, item.diff.len()), (Status::Altered, 3), "{:?}", item.diff);

    let page = |number, words: &str| format!("ACME LEASE\n\n{words}\n\nPage {number} of 3\n");
    let pages = [
        page(1, "The Tenant shall not keep the pre-"),
        page(2, "mises clean.¹ It pays a due share[2] of"),
        page(3, "the rent each month."),
    ];
    let pages = pages.join("\x0c");
    let item = judge("shall not keep the premises clean. It pays a due share of the rent", &pages);
    assert_eq!(item.status, Status::VerbatimElided);
    assert_eq!(item.gaps[0].left_out, "Page 1 of 3 ACME LEASE");
    assert_eq!((item.locations[0].page, item.locations[0].line), (Some(1), 3));
    assert_eq!(judge("shall keep the premises clean. It pays", &pages).status, Status::Altered);
    // Quoted with its number it is the source's own.
    assert_eq!(judge("Page 1 of 3 ACME LEASE mises", &pages).status, Status::Verbatim);
    // So is what ends where a note is called.
    assert_eq!(judge("It pays a due share", &pages).status, Status::Verbatim);
    assert_eq!(judge("It pays a due shar", &pages).status, Status::Altered);
}

#[test]
fn quantities_and_powers_are_words_of_their_own() {
    for (quote, source) in [
        ("the area of ten metres of land", "The area of ten metres² of land is let."),
        ("It is the area of ten metres", "It is the area of ten metres² of land."),
        ("the area of ten m of land", "The area of ten m² of land is let."),
        ("the area of 10 feet of land", "The area of 10² feet of land is let."),
        ("a chair tables lamps and beds", "Deliver:\n1 a chair\n2 tables\n3 lamps\n4 and beds"),
        ("shall pay dollars each month to", "The Tenant shall pay\n30 dollars each month to\nher."),
        ("See Rule No. The tenant pays", "See Rule No.1 The tenant pays."),
    ] {
        let status = judge(quote, source).status;
        assert!(matches!(status, Status::Altered | Status::NotFound), "{quote}: {status}");
    }
}
