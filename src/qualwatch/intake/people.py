"""People by pseudonym: ranks in sorted identity order, of which nothing of a number can be computed back."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.facts import SCHEMAS, Exemption, Facts, Unparsed
from qualwatch.intake.fast_path import BLOCKS
from qualwatch.intake.tables import Identity, TableReader
from qualwatch.intake.vocabulary import IDENTITY_CARD
from qualwatch.privacy import masked

TEXT, DAY = pa.string(), pa.date32()


class ByPseudonym(Mapping[str, str]):
    """Something of every person, worked out when it is asked for."""

    def __init__(self, ids: Mapping[str, int], tell: Callable[[int], str]) -> None:
        self._ids, self._tell = ids, tell

    def __getitem__(self, person_id: str) -> str:
        return self._tell(self._ids[person_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


class _Ranks(Mapping[str, int]):
    """Pseudonym -> rank from 0."""

    def __init__(self, people: int) -> None:
        self.people, self.width = people, len(str(people))

    def __getitem__(self, person_id: str) -> int:
        digits = person_id[1:]
        if person_id[:1] != "P" or len(digits) != self.width or not digits.isdigit():
            raise KeyError(person_id)
        rank = int(digits) - 1
        if not 0 <= rank < self.people:
            raise KeyError(person_id)
        return rank

    def __iter__(self) -> Iterator[str]:
        return (f"P{rank + 1:0{self.width}d}" for rank in range(self.people))

    def __len__(self) -> int:
        return self.people


class People:
    """Everybody in the registers, and the facts with pseudonyms in place of identities."""

    def __init__(self, tables: TableReader) -> None:
        self.into, self.smooth = tables.into, tables.smooth
        into = self.into
        told = {
            key[0]
            for rows in (into.registrations, into.contributions, into.exemptions)
            for key in rows
        }
        told |= (
            into.locks.keys()
            | into.died_on.keys()
            | {key.identity for key in into.rejected if key.identity}
        )
        numbers = [self.smooth.rows(table).column("number") for table in BLOCKS]
        one_by_one = pa.array([number for kind, number in told if kind == IDENTITY_CARD], TEXT)
        cards = pa.chunked_array(
            [one_by_one, *(chunk for number in numbers for chunk in number.chunks)], TEXT
        ).unique()
        self.cards: pa.Array = cards.take(pc.sort_indices(cards))
        others = sorted(identity for identity in told if identity[0] != IDENTITY_CARD)
        self.before = [identity for identity in others if identity < (IDENTITY_CARD,)]
        self.after = others[len(self.before) :]
        self.count = len(others) + len(self.cards)

    @cached_property
    def ids(self) -> pa.Array:
        """All pseudonyms, by rank."""
        digits = pc.utf8_lpad(
            pa.array(range(1, self.count + 1), pa.int32()).cast(TEXT), len(str(self.count)), "0"
        )
        return pc.binary_join_element_wise("P", digits, "")

    @cached_property
    def _ranks_of_others(self) -> dict[Identity, int]:
        last = len(self.before) + len(self.cards)
        return {one: rank for rank, one in enumerate(self.before)} | {
            one: last + at for at, one in enumerate(self.after)
        }

    def identities(self) -> list[Identity]:
        """Everybody's kind of document and number, by rank."""
        return [
            *self.before,
            *((IDENTITY_CARD, number) for number in self.cards.to_pylist()),
            *self.after,
        ]

    def ranks(self, identities: Iterable[Identity]) -> list[int]:
        """The rank of each identity."""
        identities = list(identities)
        numbers = pa.array(
            [number if kind == IDENTITY_CARD else None for kind, number in identities], TEXT
        )
        places = pc.index_in(numbers, value_set=self.cards).to_pylist()
        others, first = self._ranks_of_others, len(self.before)
        return [
            others[identity] if place is None else first + place
            for identity, place in zip(identities, places, strict=True)
        ]

    def ids_of(self, identities: Iterable[Identity]) -> list[str]:
        """The pseudonym of each identity."""
        found: list[str] = self.ids.take(pa.array(self.ranks(identities), pa.int32())).to_pylist()
        return found

    def _ids_of_cards(self, numbers: pa.ChunkedArray) -> pa.ChunkedArray:
        own = self.ids.slice(len(self.before), len(self.cards))
        return pc.take(own, pc.index_in(numbers, value_set=self.cards))

    def masks(self) -> Mapping[str, str]:
        """Masked identity numbers, by pseudonym."""
        return ByPseudonym(_Ranks(self.count), lambda rank: masked(self._number(rank)))

    def _number(self, rank: int) -> str:
        at = rank - len(self.before)
        if at < 0:
            return self.before[rank][1]
        return str(self.cards[at]) if at < len(self.cards) else self.after[at - len(self.cards)][1]

    def names(self) -> Mapping[str, str]:
        """The first name each registered person is given, by pseudonym."""
        return {
            one: name
            for one, name in zip(self.ids.to_pylist(), self.names_by_rank(), strict=True)
            if name
        }

    def names_by_rank(self) -> list[str | None]:
        """The first name each registered person is given, None for the others."""
        rows = self.smooth.rows("registrations").select(["number", "person_name"])
        rows = rows.filter(pc.greater(pc.utf8_length(rows.column("person_name")), 0))
        first = pc.index_in(self.cards, value_set=rows.column("number").combine_chunks())
        of_cards = (
            rows.column("person_name").take(first).to_pylist()
            if len(rows)
            else [None] * len(self.cards)
        )
        found = [*(None for _ in self.before), *of_cards, *(None for _ in self.after)]
        named = {one: name for one, name in self.into.names.items() if name}
        for rank, name in zip(self.ranks(named), named.values(), strict=True):
            found[rank] = name
        return found

    def facts(self) -> Facts:
        """All tables, people by pseudonym."""
        into = self.into
        rows: dict[str, Iterable[Any]] = {
            "enterprises": into.enterprises.values(),
            "items": into.items,
            "exemptions": self._with_ids(Exemption, into.exemptions),
            "accepted_findings": into.accepted_findings,
            "coverage": into.coverage,
            "unparsed": self._unparsed(),
        }
        found = dict(Facts.of_rows(rows).tables)
        return Facts(
            found
            | {
                "people": self._people(),
                "registrations": self._all_rows(
                    "registrations", [(who, *rest) for who, rest in into.registrations]
                ),
                "contributions": self._all_rows("contributions", list(into.contributions)),
            }
        )

    def _with_ids(
        self, make: Callable[..., Any], rows: Iterable[tuple[Identity, tuple[Any, ...]]]
    ) -> list[Any]:
        rows = list(rows)
        ids = self.ids_of(identity for identity, _rest in rows)
        return [
            make(person_id, *rest) for person_id, (_identity, rest) in zip(ids, rows, strict=True)
        ]

    def _all_rows(self, table: str, one_by_one: Sequence[tuple[Any, ...]]) -> pa.Table:
        """Smooth rows and those read one by one, in one table; the same row twice is one fact."""
        smooth = self.smooth.rows(table)
        smooth = smooth.append_column("person_id", self._ids_of_cards(smooth.column("number")))
        ids = self.ids_of(identity for identity, *_rest in one_by_one)
        told = [
            (person_id, *rest)
            for person_id, (_identity, *rest) in zip(ids, one_by_one, strict=True)
        ]
        rows = Facts.of_rows({table: told}).tables[table]
        whole = pa.concat_tables([smooth.select(SCHEMAS[table].names), rows])
        return pa.TableGroupBy(whole, SCHEMAS[table].names, use_threads=False).aggregate([])

    def _people(self) -> pa.Table:
        born = pc.strptime(pc.utf8_slice_codeunits(self.cards, 6, 14), "%Y%m%d", "s").cast(DAY)
        others = [
            pa.array([self.into.born_on.get(one) for one in part], DAY)
            for part in (self.before, self.after)
        ]
        days = [
            self._days(self.into.died_on),
            *(
                self._days({one: pair[at] for one, pair in self.into.locks.items()})
                for at in (0, 1)
            ),
        ]
        born_on = pa.chunked_array([others[0], born, others[1]], DAY).combine_chunks()
        return pa.Table.from_arrays([self.ids, born_on, *days], schema=SCHEMAS["people"])

    def _days(self, told: Mapping[Identity, date | None]) -> pa.Array:
        """A day per person, null where none is told."""
        days: list[date | None] = [None] * self.count
        for rank, day in zip(self.ranks(told), told.values(), strict=True):
            days[rank] = day
        return pa.array(days, DAY)

    def _unparsed(self) -> list[Unparsed]:
        rejected = self.into.rejected
        ids = iter(self.ids_of(key.identity for key in rejected if key.identity))
        return [
            Unparsed(
                f"U{n}",
                key.credit_code,
                key.table,
                key.profession,
                next(ids) if key.identity else None,
                key.category,
            )
            for n, key in enumerate(rejected, 1)
        ]
