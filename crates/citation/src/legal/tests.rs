use super::*;

fn read(text: &str) -> Vec<(CitationKind, String)> {
    let show = |c: Citation| {
        (c.kind, format!("{} {} {}", c.volume, c.reporter, c.page).trim().replace("  ", " "))
    };
    extract(text).into_iter().map(show).collect()
}

fn only(text: &str) -> Citation {
    let [citation] = <[Citation; 1]>::try_from(extract(text)).unwrap();
    citation
}

#[test]
fn a_case_is_read_whole() {
    let roe = only("See Roe v. Wade, 410 U.S. 113, 153 (1973) (holding so).");
    assert_eq!(
        (roe.volume.as_str(), roe.reporter.as_str(), roe.page.as_str()),
        ("410", "U.S.", "113")
    );
    assert_eq!(
        (roe.pincite.as_str(), roe.year, roe.case_name.as_str()),
        ("153", Some(1973), "Roe v. Wade")
    );
    assert_eq!(roe.parenthetical, "holding so");
    let district = only("Smith v. Jones, 100 F. Supp. 2d 5, 7-8 & n.3 (S.D.N.Y. Mar. 3, 2000)");
    assert_eq!((district.court.as_str(), district.pincite.as_str()), ("S.D.N.Y.", "7-8 & n.3"));
    let both = extract("In re Doe, 1 U.S. 2, 3 S. Ct. 4 (1890)");
    assert_eq!(
        (both[0].year, both[1].case_name.as_str(), both[0].page.as_str()),
        (Some(1890), "In re Doe", "2")
    );
}

#[test]
fn every_kind_is_told_from_the_others() {
    use CitationKind as Kind;
    for (text, kind, expected) in [
        ("539 U. S. 306", Kind::Case, "539 U.S. 306"),
        ("2019 WL 12345", Kind::Case, "2019 WL 12345"),
        ("2011-NMSC-001", Kind::Neutral, "2011 NMSC 001"),
        ("15 U.S.C. § 78u-4(b)(2)", Kind::Statute, "15 U.S.C. 78u-4(b)(2)"),
        ("17 C.F.R. § 240.10b-5", Kind::Regulation, "17 C.F.R. 240.10b-5"),
        ("Fed. R. Civ. P. 12(b)(6)", Kind::Rule, "Fed. R. Civ. P. 12(b)(6)"),
        ("U.S. Const. amend. XIV, § 1", Kind::Constitution, "U.S. Const. amend. XIV"),
        ("100 Harv. L. Rev. 1021", Kind::Article, "100 Harv. L. Rev. 1021"),
        ("ECF No. 45 at 3", Kind::Record, "ECF No. 45"),
        ("Smith Dep. 14:3-9", Kind::Record, "Smith Dep. 14:3-9"),
        ("Compl. ¶ 14", Kind::Record, "Compl. ¶ 14"),
        ("Ex. A at 14", Kind::Record, "Ex. A"),
        ("[2019] UKSC 41", Kind::Neutral, "[2019] UKSC 41"),
        ("[2003] EWCA Civ 151", Kind::Neutral, "[2003] EWCA Civ 151"),
        ("Case C-311/18", Kind::European, "CJEU C-311/18"),
        ("Art. 6(1)(f) GDPR", Kind::European, "GDPR 6(1)(f)"),
        ("N.Y. C.P.L.R. 3211(a)(7)", Kind::Statute, "N.Y. C.P.L.R. 3211(a)(7)"),
        ("Fla. Stat. § 90.803", Kind::Statute, "Fla. Stat. 90.803"),
    ] {
        assert_eq!(
            read(&format!("It is so, {text}, and more.")),
            [(kind, expected.to_owned())],
            "{text}"
        );
    }
}

#[test]
fn what_only_looks_like_a_citation_is_none() {
    for text in [
        "30 days after 5 May 2020",
        "S. 306 was sent to 12 members",
        "section 5 of it, page 12",
        "1.5 U.S. 113 dollars x",
    ] {
        assert_eq!(read(text), [], "{text}");
    }
}

#[test]
fn short_forms_mean_what_stands_before_them() {
    let text = "Roe v. Wade, 410 U.S. 113 (1973). Id. at 120. Doe v. Bolton, 410 U.S. 179 (1973). \
        Roe, 410 U.S. at 153. Id. at 154. Bolton, supra, at 190. 5 U.S.C. § 552. Id.";
    let meant: Vec<Option<usize>> =
        extract(text).iter().map(|citation| citation.refers_to).collect();
    assert_eq!(meant, [None, Some(0), None, Some(0), Some(0), Some(2), None, Some(6)]);
}

#[test]
fn what_cannot_be_is_implausible() {
    let why = |text: &str| implausible(&only(text), 2026);
    use crate::report::Implausible;
    assert_eq!(why("410 U.S. 113 (1973)"), []);
    assert_eq!(why("5 F.3d 100 (9th Cir. 1950)"), [Implausible::EditionYear]);
    assert_eq!(why("410 U.S. 113 (9th Cir. 1973)"), [Implausible::Court]);
    assert_eq!(why("900 F.3d 100 (2d Cir. 2090)"), [Implausible::Year]);
    assert_eq!(why("0 F.3d 0"), [Implausible::Volume, Implausible::Page]);
}

#[test]
fn forms_of_single_courts_and_times_are_read() {
    for (text, expected, year) in [
        ("T.C. Memo. 2019-233", "2019 T.C. Memo. 233", Some(2019)),
        ("Mass. Gen. Laws ch. 1, § 2", "1 Mass. Gen. Laws 2", None),
        ("Tex. Educ. Code Ann. § 51.803", "Tex. Educ. Code Ann. 51.803", None),
        ("5 U.S. (1 Cranch) 137 (1803)", "5 U.S. 137", Some(1803)),
        ("2024 NY Slip Op 51192(U)", "2024 NY Slip Op 51192(U)", None),
        ("Rogers v Rogers, 63 NY2d 582 [1984]", "63 N.Y.2d 582", Some(1984)),
        ("476 U. S. 267, 280, n. 6 (1986)", "476 U.S. 267", Some(1986)),
        ("174 Cal.App.2d at p. 651", "174 Cal. App. 2d", None),
        // An abbreviation that two reporters share.
        ("1 P.R. 1 (1831)", "1 Pen. & W. 1", Some(1831)),
    ] {
        let citation = only(text);
        assert_eq!((read(text)[0].1.as_str(), citation.year), (expected, year), "{text}");
        assert_eq!(
            citation.bytes.start,
            text.len() - text.trim_start_matches("Rogers v Rogers, ").len()
        );
    }
    let both = extract("(See In re K.F. (2009) 173 Cal.App.4th 655, 658 [92 Cal.Rptr.3d 784].)");
    for citation in both {
        assert_eq!((citation.case_name.as_str(), citation.year), ("In re K.F.", Some(2009)));
    }
}

#[test]
fn codes_of_the_states_are_told_apart_by_their_subjects() {
    for (text, expected) in [
        ("Cal. Penal Code § 187", "Cal. Penal Code 187"),
        ("Cal. Bus. & Prof. Code § 17200", "Cal. Bus. & Prof. Code 17200"),
        ("California Civil Code section 1714(a)", "California Civil Code 1714(a)"),
        ("N.Y. Gen. Bus. Law § 349", "N.Y. Gen. Bus. Law 349"),
        ("Md. Code Ann., Com. Law § 13-301", "Md. Code Ann., Com. Law 13-301"),
        ("Tex. Penal Code Ann. § 19.02", "Tex. Penal Code Ann. 19.02"),
        ("Del. Code Ann. tit. 8, § 102(b)(7)", "8 Del. Code Ann. 102(b)(7)"),
        ("8 Del. C. § 102(b)(7)", "8 Del. Code 102(b)(7)"),
        ("M.G.L. c. 93A, § 9", "93A Mass. Gen. Laws 9"),
        ("735 ILCS 5/2-619", "735 Ill. Comp. Stat. 5/2-619"),
        ("42 Pa.C.S. § 5524", "42 Pa. Cons. Stat. 5524"),
        ("O.C.G.A. § 9-11-12(b)(6)", "Ga. Code Ann. 9-11-12(b)(6)"),
        ("RCW 4.16.080", "Wash. Rev. Code 4.16.080"),
        ("CPLR 3211(a)(7)", "N.Y. C.P.L.R. 3211(a)(7)"),
    ] {
        assert_eq!(
            read(&format!("See {text} for it."))[0],
            (CitationKind::Statute, expected.to_owned()),
            "{text}"
        );
    }
    for text in
        ["Cal. members met in 187", "the Virginia Law Review 187", "an MCL 5 tear", "Ohio Code 12"]
    {
        assert_eq!(read(text), [], "{text}");
    }
}

#[test]
fn dress_and_spaces_of_every_width_hide_no_citation() {
    for text in [
        "*Roe v. Wade*, 410 U.S. 113 (1973)",
        "_Roe v. Wade_, 410 U.S. 113 (1973)",
        "**Roe v. Wade,** 410 U. S. 113 (1973)",
        "[Roe v. Wade, 410 U.S. 113 (1973)](https://example.com)",
        "Roe v. Wade, 410\u{a0}U.\u{2009}S.\u{202f}113 (1973)",
        "Roe v. Wade, No. 70-18, 410 U.S. 113 (1973)",
        "Roe v. Wade (1973) 410 U.S. 113",
    ] {
        let roe = only(text);
        assert_eq!((roe.case_name.as_str(), roe.year), ("Roe v. Wade", Some(1973)), "{text}");
        assert_eq!(roe.key().1, "410 u.s. 113");
    }
    let texan = only("Doe v. Poe, 123 S.W.3d 456 (Tex. App.—Houston [1st Dist.] 2003, no pet.)");
    assert_eq!(texan.year, Some(2003));
    assert_eq!(read("12 F.3D 34; 2011 SCC 10").len(), 2);
}

#[test]
fn numbers_that_are_still_to_come_hide_no_year() {
    for text in [
        "Viking v. Moriana (2022) _ U.S. _ [213 L.Ed.2d 179, 200-201]",
        "Wilson, ---- U.S. ----, 142 S. Ct. 1253, 1259, ---- L. Ed. 2d ---- (2022)",
    ] {
        assert!(extract(text).iter().any(|citation| citation.year == Some(2022)), "{text}");
    }
    assert_eq!(read("T.C.M. (RIA) ¶ 95,342")[0].1, "T.C.M. (RIA) 95342");
    assert_eq!(read("2009 12345 (La.App. 1 Cir. 05/10/10)")[0].1, "2009 La.App. 1 Cir. 12345");
}

#[test]
fn real_decisions_are_plausible_and_impossible_ones_are_not() {
    use crate::report::Implausible::{Court, CourtYear, EditionYear, Page, Volume};
    for text in [
        "Chisholm v. Georgia, 2 U.S. 419 (1793)",
        "Dred Scott v. Sandford, 60 U.S. 393 (1857)",
        "Erie R.R. Co. v. Tompkins, 304 U.S. 64 (1938)",
        "Chevron v. NRDC, 467 U.S. 837 (1984)",
        "Loper Bright v. Raimondo, 603 U.S. 369 (2024)",
        "United States v. Carroll Towing Co., 159 F.2d 169 (2d Cir. 1947)",
        "Doe v. Poe, 891 F. Supp. 246 (E.D. Va. 1995)",
        "In re Daou Sys., 411 F.3d 1006 (9th Cir. 2005)",
        "Zubulake v. UBS Warburg LLC, 217 F.R.D. 309 (S.D.N.Y. 2003)",
    ] {
        assert_eq!(implausible(&only(text), 2026), [], "{text}");
    }
    for (text, why) in [
        ("410 U.S. 113 (1873)", vec![EditionYear]),
        ("12 F.3d 34 (9th Cir. 2015)", vec![EditionYear]),
        ("12 F.3d 34 (14th Cir. 1994)", vec![Court]),
        ("12 F.3d 34 (N.D. Cal. 1994)", vec![Court]),
        ("12 F. Supp. 2d 34 (9th Cir. 1998)", vec![Court]),
        ("412 F.2d 34 (11th Cir. 1969)", vec![CourtYear]),
        ("1001 F.3d 34 (9th Cir. 2021)", vec![Volume]),
        ("12345 F.3d 34 (9th Cir. 1994)", vec![Volume]),
        ("700 U.S. 34 (2024)", vec![Volume]),
        ("410 U.S. 99999 (1973)", vec![Page]),
    ] {
        assert_eq!(implausible(&only(text), 2026), why, "{text}");
    }
}
