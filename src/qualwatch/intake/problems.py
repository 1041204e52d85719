"""What is said about rows and files that cannot be taken as they are."""

import re


class BadCell(Exception):
    """A cell that cannot be read: the problem and the remedy, each one sentence."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


class NothingReadable(Exception):
    """The input as a whole cannot be used; the message is one clear sentence (exit status 2)."""


class BadFile(Exception):
    """One file cannot be read: the problem and the remedy."""

    def __init__(self, problem: str, remedy: str, row: int | None = None) -> None:
        super().__init__(problem)
        self.problem, self.remedy, self.row = problem, remedy, row


_IDENTITY_LIKE = re.compile(r"\d{6}[\dXx*]{6,}[\dXx]{0,2}")


def masked(identity: str) -> str:
    """An identity number with only its first 6 and last 2 characters; shorter ones with the first and last."""
    head, tail = (6, 2) if len(identity) > 10 else (1, 1) if len(identity) > 2 else (0, 0)
    return identity[:head] + "*" * (len(identity) - head - tail) + identity[len(identity) - tail :]


def masked_text(text: str) -> str:
    """Free text with everything that looks like an identity number masked; at most 60 characters."""
    return _IDENTITY_LIKE.sub(lambda found: masked(found.group()), text)[:60]
