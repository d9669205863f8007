"""What two readers of citations make of one text."""

import dataclasses
import re

from eyecite import get_citations
from eyecite.models import (FullCaseCitation, FullJournalCitation, FullLawCitation, IdCitation, ReferenceCitation,
                            ShortCaseCitation, SupraCitation, UnknownCitation)

# What eyecite does not read as such; there is nothing to agree with.
OURS_ALONE = {"rule", "constitution", "record", "neutral", "european"}
# What it reads and we do not claim to: a bare section sign, and a party's name by itself.
THEIRS_ALONE = (UnknownCitation, ReferenceCitation)
KINDS = {FullCaseCitation: "case", ShortCaseCitation: "short_case", FullLawCitation: "statute",
         FullJournalCitation: "article", IdCitation: "id", SupraCitation: "supra"}


@dataclasses.dataclass(frozen=True)
class Cited:
    """One citation, as far as both sides say it."""

    start: int
    end: int
    kind: str
    name: str
    year: str

    def overlaps(self, other: "Cited") -> bool:
        return self.start < other.end and other.start < self.end

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.year}".strip()


def ours(items: list[dict]) -> list[Cited]:
    found = []
    for item in items:
        facts, span = item["facts"], item["span"]
        kind = "statute" if facts["kind"] == "regulation" else facts["kind"]
        page = facts.get("page", "") if kind != "short_case" else _first(facts.get("pincite", ""))
        if kind == "statute":
            page = page.split("(")[0]
        name = "" if kind in ("id", "supra") else f"{facts.get('volume', '')} {facts.get('reporter', '')} {page}"
        year = str(facts.get("year") or "") if kind == "case" else ""
        found.append(Cited(span["start_char"], span["end_char"], kind, _plain(name), year))
    return found


def theirs(text: str) -> list[Cited]:
    found = []
    for citation in get_citations(text):
        if isinstance(citation, THEIRS_ALONE):
            continue
        kind, groups = KINDS[type(citation)], citation.groups
        page = groups.get("page") or groups.get("section") or ""
        if kind == "statute":
            page = page.split("(")[0]
        volume = groups.get("volume") or groups.get("title") or groups.get("chapter") or ""
        name = ""
        if kind not in ("id", "supra"):
            name = f"{volume} {citation.corrected_reporter()} {page}"
        year = str(citation.year or "") if kind == "case" else ""
        found.append(Cited(*citation.span(), kind, _plain(name), year))
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\s,_]", "", name).lower()


def _first(pages: str) -> str:
    """Where pages or sections begin: eyecite keeps what follows apart."""
    return re.split(r"[-–,(]| n", pages, maxsplit=1)[0]


def differences(text: str, items: list[dict]) -> list[str]:
    """Each in words: what one side has and the other lacks, or has otherwise."""
    mine, other = ours(items), theirs(text)
    told = []
    for cited in other:
        same = [own for own in mine if own.overlaps(cited)]
        if not same:
            told.append(f"missed: {cited}")
        elif not any((own.kind, own.name, own.year) == (cited.kind, cited.name, cited.year) for own in same):
            told.append(f"read: {same[0]} | eyecite: {cited}")
    for own in mine:
        if own.kind not in OURS_ALONE and not any(own.overlaps(cited) for cited in other):
            told.append(f"alone: {own}")
    return told
