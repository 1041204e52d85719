"""The law in force today, for pages: asked for again after a few seconds."""

from datetime import date
from time import monotonic

from django.conf import settings
from django.utils import timezone

from qualwatch.law.loader import Law
from qualwatch.legal_texts.queries import law_in_force


class LawToday:
    """Remembers the law of the day, so that a page needs no query for it.

    What another process signs is used here after `LAW_SECONDS` at the latest.
    """

    def __init__(self) -> None:
        self._known: tuple[Law, date, float] | None = None

    def __call__(self) -> Law:
        """The law in force today."""
        today, now = timezone.localdate(), monotonic()
        if self._known is not None:
            law, day, until = self._known
            if day == today and now < until:
                return law
        law = law_in_force(today)
        self._known = (law, today, now + settings.LAW_SECONDS)
        return law

    def forget(self) -> None:
        """Asks again at the next call."""
        self._known = None
