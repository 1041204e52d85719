"""The days on which the law may be otherwise than the day before."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from qualwatch.law.loader import Law


@lru_cache(maxsize=8)
def days_named(law: Law) -> frozenset[date]:
    """Every day that a standard, a document or the policy names."""
    return frozenset(
        _days(
            [
                law.categories,
                law.documents,
                law.professions,
                law.pools,
                law.counting_rules,
                law.policies,
            ]
        )
    )


def _days(text: Any) -> Iterator[date]:
    if isinstance(text, date):
        yield text
    elif isinstance(text, BaseModel):
        for name in type(text).model_fields:
            yield from _days(getattr(text, name))
    elif isinstance(text, dict):
        for key, value in text.items():
            yield from _days(key)
            yield from _days(value)
    elif isinstance(text, (list, tuple, set, frozenset)):
        for item in text:
            yield from _days(item)
