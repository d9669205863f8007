//! Floating-point numbers as Envoy's transcoder prints them: C's `%.15g`, or `%.17g` where 15
//! digits do not come back as the same number.

use std::fmt::Write;

/// Prints a double as a JSON value.
pub(crate) fn print_double(value: f64, out: &mut String) {
    // Whole numbers are by far the most common, and need no second look.
    if value.fract() == 0.0 && value.abs() < 1e15 && !(value == 0.0 && value.is_sign_negative()) {
        let _ = write!(out, "{}", value as i64);
        return;
    }
    if !value.is_finite() {
        return print_not_finite(value, out);
    }
    let short = general(value, 15);
    if short.parse() == Ok(value) {
        out.push_str(&short);
    } else {
        out.push_str(&general(value, 17));
    }
}

/// Prints a float as a JSON value, with 6 digits or else 9.
pub(crate) fn print_float(value: f32, out: &mut String) {
    if !value.is_finite() {
        return print_not_finite(f64::from(value), out);
    }
    let short = general(f64::from(value), 6);
    if short.parse() == Ok(value) {
        out.push_str(&short);
    } else {
        out.push_str(&general(f64::from(value), 9));
    }
}

fn print_not_finite(value: f64, out: &mut String) {
    out.push_str(if value.is_nan() {
        "\"NaN\""
    } else if value > 0.0 {
        "\"Infinity\""
    } else {
        "\"-Infinity\""
    });
}

/// C's `%.{precision}g`.
fn general(value: f64, precision: usize) -> String {
    let scientific = format!("{value:.*e}", precision - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= precision as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let decimals = (precision as i32 - 1 - exponent).max(0) as usize;
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

/// Without the zeros that say nothing.
fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_c_prints_them() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-42.0, "-42"),
            (0.1, "0.1"),
            (1.5, "1.5"),
            (100.0, "100"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (1e21, "1e+21"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.0 / 3.0, "0.33333333333333331"),
            (2.5e-300, "2.5e-300"),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            let mut out = String::new();
            print_double(value, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn floats_print_fewer_digits() {
        for (value, expected) in
            [(0.1, "0.1"), (16777216.0, "16777216"), (1.0 / 3.0, "0.333333343"), (1e6, "1e+06")]
        {
            let mut out = String::new();
            print_float(value, &mut out);
            assert_eq!(out, expected);
        }
    }
}
