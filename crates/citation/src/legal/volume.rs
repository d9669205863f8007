//! Which volumes the reporters of federal courts and of the regions have, and when each was printed.

/// The year of some volumes of a reporter, both in order. The years of those between lie between.
const PRINTED: [(&str, &[(u16, u16)]); 8] = [
    (
        "U.S.",
        &[
            (1, 1780),
            (5, 1803),
            (17, 1819),
            (22, 1824),
            (41, 1842),
            (60, 1857),
            (83, 1873),
            (100, 1880),
            (118, 1886),
            (163, 1896),
            (198, 1905),
            (249, 1919),
            (274, 1927),
            (304, 1938),
            (323, 1944),
            (347, 1954),
            (384, 1966),
            (410, 1973),
            (438, 1978),
            (467, 1984),
            (505, 1992),
            (531, 2000),
            (554, 2008),
            (576, 2015),
            (597, 2022),
            (603, 2024),
        ],
    ),
    (
        "F.2d",
        &[(1, 1924), (100, 1938), (200, 1953), (300, 1962), (400, 1968), (600, 1979), (999, 1993)],
    ),
    ("F.3d", &[(1, 1993), (200, 2000), (400, 2005), (600, 2010), (800, 2015), (999, 2021)]),
    ("F.4th", &[(1, 2021), (50, 2022), (100, 2024), (150, 2025)]),
    (
        "F. Supp.",
        &[(1, 1932), (100, 1951), (200, 1962), (400, 1975), (600, 1985), (800, 1992), (999, 1998)],
    ),
    ("F. Supp. 2d", &[(1, 1998), (200, 2002), (400, 2005), (600, 2009), (800, 2011), (999, 2014)]),
    ("F. Supp. 3d", &[(1, 2014), (200, 2016), (400, 2019), (600, 2022), (700, 2024)]),
    // A volume for each term of the Court.
    ("S. Ct.", &[(1, 1882), (142, 2022), (144, 2024)]),
];
/// Decisions stand in a volume of about their year: a table of so few years is no closer.
const YEARS_OFF: u16 = 4;
/// The last volumes of series that have ended, and what the others will not reach for long.
const LAST: [(&str, u16); 32] = [
    ("F.", 300),
    ("F.2d", 999),
    ("F.3d", 999),
    ("F.4th", 999),
    ("F. Supp.", 999),
    ("F. Supp. 2d", 999),
    ("F. Supp. 3d", 999),
    ("L. Ed.", 100),
    ("A.", 200),
    ("A.2d", 999),
    ("A.3d", 999),
    ("N.E.", 200),
    ("N.E.2d", 999),
    ("N.E.3d", 999),
    ("N.W.", 300),
    ("N.W.2d", 999),
    ("P.", 300),
    ("P.2d", 999),
    ("P.3d", 999),
    ("S.E.", 200),
    ("S.E.2d", 999),
    ("S.W.", 300),
    ("S.W.2d", 999),
    ("S.W.3d", 999),
    ("So.", 200),
    ("So. 2d", 999),
    ("So. 3d", 999),
    ("N.Y.S.", 300),
    ("N.Y.S.2d", 999),
    ("N.Y.S.3d", 999),
    ("B.R.", 999),
    ("F.R.D.", 999),
];
/// No volume of these reporters has more pages.
const MAX_PAGE: u32 = 4_000;

/// Whether a reporter has a volume of that number, as far as is known.
pub(super) fn exists(reporter: &str, volume: &str, this_year: u16) -> bool {
    let Ok(volume) = volume.parse::<u32>() else { return volume.is_empty() || !is_number(volume) };
    let last = LAST.iter().find(|(name, _)| *name == reporter).map(|(_, last)| u32::from(*last));
    if last.is_some_and(|last| volume > last) {
        return false;
    }
    match u16::try_from(volume).ok().and_then(|volume| printed(reporter, volume)) {
        Some(year) => year <= this_year.saturating_add(YEARS_OFF),
        None => volume <= u32::from(u16::MAX) || table(reporter).is_none(),
    }
}

/// Whether a decision of a year may stand in a volume. `None` where that is not known.
pub(super) fn is_of_year(reporter: &str, volume: &str, year: u16) -> Option<bool> {
    let printed = printed(reporter, volume.parse().ok()?)?;
    // The first volumes took in what was decided long before.
    let is_early = reporter == "U.S." && printed <= 1803 && year <= 1803;
    Some(is_early || printed.abs_diff(year) <= YEARS_OFF)
}

/// Whether a reporter's volumes have a page of that number.
pub(super) fn has_page(reporter: &str, page: &str) -> bool {
    let is_known = table(reporter).is_some() || LAST.iter().any(|(name, _)| *name == reporter);
    !is_known || page.parse::<u32>().is_ok_and(|page| page <= MAX_PAGE) || !is_number(page)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn table(reporter: &str) -> Option<&'static [(u16, u16)]> {
    PRINTED.iter().find(|(name, _)| *name == reporter).map(|(_, years)| *years)
}

/// The year of a volume, between those of the nearest that are known.
fn printed(reporter: &str, volume: u16) -> Option<u16> {
    let years = table(reporter)?;
    let after = years.partition_point(|(known, _)| *known < volume).clamp(1, years.len() - 1);
    let ((low, since), (high, until)) = (years[after - 1], years[after]);
    let span = f64::from(high - low);
    let year =
        f64::from(since) + (f64::from(volume) - f64::from(low)) * f64::from(until - since) / span;
    Some(year.clamp(0.0, f64::from(u16::MAX)).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_of_about_its_year() {
        for (reporter, volume, year) in [
            ("U.S.", "5", 1803),
            ("U.S.", "1", 1790),
            ("U.S.", "60", 1857),
            ("U.S.", "410", 1973),
            ("U.S.", "600", 2023),
            ("S. Ct.", "93", 1973),
            ("F.2d", "174", 1949),
            ("F.3d", "925", 2019),
            ("F.4th", "1", 2021),
            ("F. Supp. 2d", "340", 2004),
        ] {
            assert_eq!(
                is_of_year(reporter, volume, year),
                Some(true),
                "{volume} {reporter} {year}"
            );
        }
        for (reporter, volume, year) in [
            ("U.S.", "410", 1873),
            ("F.3d", "12", 2015),
            ("S. Ct.", "93", 2003),
            ("F.4th", "1", 2026),
        ] {
            assert_eq!(
                is_of_year(reporter, volume, year),
                Some(false),
                "{volume} {reporter} {year}"
            );
        }
    }

    #[test]
    fn volumes_and_pages_come_to_an_end() {
        assert!(
            exists("U.S.", "606", 2026)
                && exists("F.3d", "999", 2026)
                && exists("Wheat.", "9", 2026)
        );
        assert!(
            exists("WL", "2020", 2026) && exists("F.4th", "190", 2026) && exists("U.S.", "", 2026)
        );
        assert!(
            !exists("U.S.", "700", 2026)
                && !exists("F.3d", "1000", 2026)
                && !exists("F.", "301", 2026)
        );
        assert!(!exists("U.S.", "99999", 2026) && !exists("S. Ct.", "180", 2026));
        assert!(has_page("U.S.", "113") && has_page("U.S.", "___") && has_page("WL", "1234567"));
        assert!(!has_page("U.S.", "99999"));
    }
}
