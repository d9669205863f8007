"""Words as the corpus counts them: compatibility forms, case and quotes evened out, letters and digits alone."""

import collections
import unicodedata


def words(text: str) -> list[str]:
    found, is_open = [], False
    for original in text.replace("\u00ad", ""):
        for c in unicodedata.normalize("NFKC", original).lower():
            if not c.isalnum():
                is_open = False
            elif is_open:
                found[-1] += c
            else:
                found.append(c)
                is_open = True
    return found


def holds(text: list[str], phrase: str) -> bool:
    wanted = words(phrase)
    return any(text[at:at + len(wanted)] == wanted for at in range(len(text) - len(wanted) + 1))


def recall(read: list[str], truth: list[str]) -> tuple[float, float]:
    """The share of the true words that were read, and of the words read that are true."""
    shared = sum((collections.Counter(read) & collections.Counter(truth)).values())
    return shared / max(1, len(truth)), shared / max(1, len(read))
