//! E-mail (EML): who wrote to whom, when and on what, the message, and the names of what is attached.

use mail_parser::{Address, HeaderName, Message, MessageParser, MimeHeaders, PartType};

use super::{Extracted, Failure, FileType, clean, has_words, html};

pub(super) fn read(bytes: &[u8]) -> Result<Extracted, Failure> {
    let message = MessageParser::default()
        .parse(bytes)
        .ok_or_else(|| Failure::damaged("it cannot be opened as an e-mail message"))?;
    if message.parts.iter().any(|part| part.is_encoding_problem) {
        return Err(Failure::damaged("a part of the message is cut short or cannot be decoded"));
    }
    let text = clean(&[header(&message), body(&message), attachments(&message)].join("\n\n"));
    if !has_words(&text) {
        return Err(Failure::no_text());
    }
    Ok(Extracted::whole(FileType::Eml, "mail-parser", &text))
}

fn header(message: &Message<'_>) -> String {
    let date = message.header_raw(HeaderName::Date).map(|date| date.trim().to_owned());
    let lines = [
        ("From", message.from().map(people)),
        ("To", message.to().map(people)),
        ("Cc", message.cc().map(people)),
        ("Bcc", message.bcc().map(people)),
        ("Date", date),
        ("Subject", message.subject().map(str::to_owned)),
    ];
    let lines: Vec<String> =
        lines.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?))).collect();
    lines.join("\n")
}

fn people(addresses: &Address<'_>) -> String {
    let people: Vec<String> = addresses
        .iter()
        .map(|person| match (person.name(), person.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (name, address) => name.or(address).unwrap_or_default().to_owned(),
        })
        .collect();
    people.join(", ")
}

/// The plain text where the message has both, as it was written and not as it was laid out.
fn body(message: &Message<'_>) -> String {
    let bodies: Vec<String> = message
        .text_bodies()
        .filter_map(|part| match &part.body {
            PartType::Text(text) => Some(text.to_string()),
            PartType::Html(page) => Some(html::text(page)),
            PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_)
            | PartType::Multipart(_) => None,
        })
        .collect();
    bodies.join("\n\n")
}

fn attachments(message: &Message<'_>) -> String {
    let names: Vec<String> = message
        .attachments()
        .map(|part| {
            let name = part.attachment_name().or_else(|| part.message()?.subject());
            format!("Attachment: {}", name.unwrap_or("without a name"))
        })
        .collect();
    names.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::FailureCode;
    use super::*;

    const MAIL: &str = "From: =?utf-8?Q?J=C3=BCrgen?= <j@example.com>\r\nTo: Ada <ada@example.com>,\r\n b@example.com\r\n\
        Date: Mon, 2 Mar 2026 10:00:00 +0100\r\nSubject: =?utf-8?B?TMOkdW1l?= lease\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>The rent is =E2=82=AC 500.<script>x()</script>\r\n\
        --b\r\nContent-Type: application/pdf; name=\"lease.pdf\"\r\nContent-Disposition: attachment\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b--\r\n";

    fn text(mail: &str) -> Result<String, FailureCode> {
        read(mail.as_bytes()).map(|read| read.pages[0].text.clone()).map_err(|failure| failure.code)
    }

    #[test]
    fn header_body_and_the_names_of_attachments_are_text() {
        let expected = "From: Jürgen <j@example.com>\nTo: Ada <ada@example.com>, b@example.com\n\
                        Date: Mon, 2 Mar 2026 10:00:00 +0100\nSubject: Läume lease\n\n\
                        The rent is € 500.\n\nAttachment: lease.pdf";
        assert_eq!(text(MAIL).unwrap(), expected);
    }

    #[test]
    fn a_message_cut_short_is_damaged() {
        let cut = MAIL.split("JVBER").next().unwrap();
        assert_eq!(text(cut), Err(FailureCode::Damaged));
    }
}
