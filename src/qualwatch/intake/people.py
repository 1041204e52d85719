"""People by pseudonym: ranks in sorted identity order.

No part of a number can be computed from one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.facts import SCHEMAS, Exemption, Facts, Unparsed
from qualwatch.intake.fast_path import BLOCKS
from qualwatch.intake.tables import Identity, TableReader
from qualwatch.intake.vocabulary import IDENTITY_CARD, REFUNDED
from qualwatch.privacy import masked

TEXT, DAY = pa.string(), pa.date32()


class ByPseudonym(Mapping[str, str]):
    """A text for every person, computed when it is read."""

    def __init__(self, ids: Mapping[str, int], text_of: Callable[[int], str]) -> None:
        self._ids = ids
        self._text_of = text_of

    def __getitem__(self, person_id: str) -> str:
        return self._text_of(self._ids[person_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


class _Ranks(Mapping[str, int]):
    """Pseudonym -> rank from 0."""

    def __init__(self, people: int) -> None:
        self.people = people
        self.width = len(str(people))

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


def _with_refunds(contributions: pa.Table) -> pa.Table:
    """Contributions in which every payment of a month of which one was turned back is unclear."""
    states = contributions.column("payment_state")
    is_refund = pc.fill_null(pc.equal(states, REFUNDED), False)
    if not pc.any(is_refund).as_py():
        return contributions
    key = ["person_id", "month", "payer_credit_code"]
    refunds = contributions.filter(is_refund).select(key).group_by(key).aggregate([])
    refunds = refunds.append_column("is_refunded", pa.repeat(pa.scalar(value=True), len(refunds)))
    names = contributions.schema.names
    together = contributions.join(refunds, key, join_type="left outer")
    is_open = pc.fill_null(together.column("is_refunded"), False)
    is_owed = pc.fill_null(pc.equal(together.column("payment_state"), "owed"), False)
    unclear = pc.and_(is_open, pc.invert(is_owed))
    decided = pc.if_else(unclear, pa.scalar("unclear"), together.column("payment_state"))
    together = together.set_column(
        together.schema.get_field_index("payment_state"), "payment_state", decided
    )
    return together.select(names)


class People:
    """Everybody in the registers, and the facts with pseudonyms in place of identities."""

    def __init__(self, tables: TableReader) -> None:
        self.rows = tables.rows
        self.clean_rows = tables.clean_rows
        identities = self._identities_of_rows()
        self.cards: pa.Array = self._card_numbers(identities)
        others = sorted(identity for identity in identities if identity[0] != IDENTITY_CARD)
        self.before = [identity for identity in others if identity < (IDENTITY_CARD,)]
        self.after = others[len(self.before) :]
        self.count = len(others) + len(self.cards)

    def _identities_of_rows(self) -> set[Identity]:
        """Everybody in the rows that were read one by one."""
        rows = self.rows
        identities = rows.locks.keys() | rows.died_on.keys()
        for table in (rows.registrations, rows.contributions, rows.exemptions):
            identities |= {key[0] for key in table}
        return identities | {key.identity for key in rows.rejected if key.identity}

    def _card_numbers(self, identities: Iterable[Identity]) -> pa.Array:
        """All numbers of identity cards, those of clean rows too, sorted."""
        numbers = [number for kind, number in identities if kind == IDENTITY_CARD]
        chunks = [pa.array(numbers, TEXT)]
        for table in BLOCKS:
            chunks += self.clean_rows.rows(table).column("number").chunks
        cards = pa.chunked_array(chunks, TEXT).unique()
        return cards.take(pc.sort_indices(cards))

    @cached_property
    def ids(self) -> pa.Array:
        """All pseudonyms, by rank."""
        digits = pc.utf8_lpad(
            pa.array(range(1, self.count + 1), pa.int32()).cast(TEXT), len(str(self.count)), "0"
        )
        return pc.binary_join_element_wise("P", digits, "")

    @cached_property
    def _ranks_of_others(self) -> dict[Identity, int]:
        first_after = len(self.before) + len(self.cards)
        before = {identity: rank for rank, identity in enumerate(self.before)}
        after = {identity: rank for rank, identity in enumerate(self.after, first_after)}
        return before | after

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
        positions = pc.index_in(numbers, value_set=self.cards).to_pylist()
        others = self._ranks_of_others
        first_card = len(self.before)
        return [
            others[identity] if position is None else first_card + position
            for identity, position in zip(identities, positions, strict=True)
        ]

    def ids_of(self, identities: Iterable[Identity]) -> list[str]:
        """The pseudonym of each identity."""
        ranks = pa.array(self.ranks(identities), pa.int32())
        ids: list[str] = self.ids.take(ranks).to_pylist()
        return ids

    def _ids_of_cards(self, numbers: pa.ChunkedArray) -> pa.ChunkedArray:
        own = self.ids.slice(len(self.before), len(self.cards))
        return pc.take(own, pc.index_in(numbers, value_set=self.cards))

    def masks(self) -> Mapping[str, str]:
        """Masked identity numbers, by pseudonym."""
        return ByPseudonym(_Ranks(self.count), lambda rank: masked(self._number(rank)))

    def _number(self, rank: int) -> str:
        if rank < len(self.before):
            return self.before[rank][1]
        index = rank - len(self.before)
        if index < len(self.cards):
            return str(self.cards[index])
        return self.after[index - len(self.cards)][1]

    def names(self) -> Mapping[str, str]:
        """The first name each registered person is given, by pseudonym."""
        ids = self.ids.to_pylist()
        names = self.names_by_rank()
        return {person_id: name for person_id, name in zip(ids, names, strict=True) if name}

    def names_by_rank(self) -> list[str | None]:
        """The first name each registered person is given, None for the others."""
        before: list[str | None] = [None] * len(self.before)
        after: list[str | None] = [None] * len(self.after)
        names = [*before, *self._names_of_cards(), *after]
        of_rows = {identity: name for identity, name in self.rows.names.items() if name}
        for rank, name in zip(self.ranks(of_rows), of_rows.values(), strict=True):
            names[rank] = name
        return names

    def _names_of_cards(self) -> list[str | None]:
        """The first name beside each card's number in the clean rows."""
        rows = self.clean_rows.rows("registrations").select(["number", "person_name"])
        rows = rows.filter(pc.greater(pc.utf8_length(rows.column("person_name")), 0))
        if not len(rows):
            return [None] * len(self.cards)
        first = pc.index_in(self.cards, value_set=rows.column("number").combine_chunks())
        names: list[str | None] = rows.column("person_name").take(first).to_pylist()
        return names

    def facts(self) -> Facts:
        """All tables, people by pseudonym."""
        rows: dict[str, Iterable[Any]] = {
            "enterprises": self.rows.enterprises.values(),
            "items": self.rows.items,
            "exemptions": self._with_ids(Exemption, self.rows.exemptions),
            "accepted_findings": self.rows.accepted_findings,
            "coverage": self.rows.coverage,
            "unparsed": self._unparsed(),
        }
        registrations = [(identity, *fact) for identity, fact in self.rows.registrations]
        contributions = list(self.rows.contributions)
        tables = dict(Facts.of_rows(rows).tables)
        tables["people"] = self._people()
        tables["registrations"] = self._all_rows("registrations", registrations)
        tables["contributions"] = self._all_rows("contributions", contributions)
        return Facts(tables)

    def _with_ids(
        self, make: Callable[..., Any], rows: Iterable[tuple[Identity, tuple[Any, ...]]]
    ) -> list[Any]:
        rows = list(rows)
        ids = self.ids_of(identity for identity, _fact in rows)
        return [
            make(person_id, *fact) for person_id, (_identity, fact) in zip(ids, rows, strict=True)
        ]

    def _all_rows(self, table: str, one_by_one: Sequence[tuple[Any, ...]]) -> pa.Table:
        """Clean rows and those read one by one, in one table; the same row twice is one fact."""
        names = SCHEMAS[table].names
        clean = self.clean_rows.rows(table)
        clean = clean.append_column("person_id", self._ids_of_cards(clean.column("number")))
        ids = self.ids_of(identity for identity, *_fact in one_by_one)
        rows = [
            (person_id, *fact)
            for person_id, (_identity, *fact) in zip(ids, one_by_one, strict=True)
        ]
        others = Facts.of_rows({table: rows}).tables[table]
        whole = pa.concat_tables([clean.select(names), others])
        if table == "contributions":
            whole = _with_refunds(whole)
        return pa.TableGroupBy(whole, names, use_threads=False).aggregate([])

    def _people(self) -> pa.Table:
        of_cards = pc.strptime(pc.utf8_slice_codeunits(self.cards, 6, 14), "%Y%m%d", "s").cast(DAY)
        before = pa.array([self.rows.born_on.get(identity) for identity in self.before], DAY)
        after = pa.array([self.rows.born_on.get(identity) for identity in self.after], DAY)
        locks = self.rows.locks
        columns = [
            self.ids,
            pa.chunked_array([before, of_cards, after], DAY).combine_chunks(),
            self._days(self.rows.died_on),
            self._days({identity: start for identity, (start, _end) in locks.items()}),
            self._days({identity: end for identity, (_start, end) in locks.items()}),
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMAS["people"])

    def _days(self, day_of: Mapping[Identity, date | None]) -> pa.Array:
        """A day per person, null where there is none."""
        days: list[date | None] = [None] * self.count
        for rank, day in zip(self.ranks(day_of), day_of.values(), strict=True):
            days[rank] = day
        return pa.array(days, DAY)

    def _unparsed(self) -> list[Unparsed]:
        rejected = self.rows.rejected
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
