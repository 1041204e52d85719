"""Two columns of a sheet for one column of a table: the same content, or a row in doubt."""

from collections.abc import Callable, Sequence
from typing import Any

from qualwatch.intake import cells
from qualwatch.intake.cells import Cell, folded_as_shown, is_blank
from qualwatch.intake.headers import KEYS, Header, Source, compared, shared_words
from qualwatch.intake.problems import BadCell, UnreadableCell
from qualwatch.intake.vocabulary import amount, payment_word_under, state_under
from qualwatch.wording import gettext as _

# how the cells of two columns are compared, where not by their text
_READ: dict[str, Callable[[Cell], Any]] = {
    "valid_from": cells.day,
    "valid_to": cells.end_day,
    "at_enterprise_from": cells.day,
    "renewal_filed_on": cells.day,
    "register_state_from": cells.day,
    "born_on": cells.day,
    "until": cells.end_day,
    "locked_from": cells.day,
    "locked_until": cells.end_day,
    "started_on": cells.day,
    "completed_on": cells.day,
    "month": cells.month,
    "identity": cells.resident_number,
    "amount_received": amount,
    "amount_owed": amount,
}
# columns whose words depend on the heading (是否注销: 是)
_READ_UNDER: dict[str, Callable[[str], Callable[[Cell], str]]] = {
    "register_state": state_under,
    "payment_state": payment_word_under,
}
IN_FORCE = "in-force"
# where a blank cell and a filled one under a vague heading leave open when something ends
ENDS_BY_VAGUE_HEADING = ("valid_to",)
# an empty cell of one and a day in the other do not say the same
_EMPTY_SAYS_SOMETHING = frozenset({"valid_from", "valid_to", "at_enterprise_from", "until"})


def cell_of(header: Header, slug: str, row: Sequence[Cell]) -> tuple[Cell, BadCell | None]:
    """A row's cell for a column of the table, and the problem of one whose sources differ.

    row: the sheet's cells, by position.
    """
    sources = header.sources[slug]
    return joined(header, slug, [_at(row, source.position) for source in sources])


def joined(
    header: Header, slug: str, cells_of_sources: Sequence[Cell]
) -> tuple[Cell, BadCell | None]:
    """The cells of a column's sources as one, and the problem of sources that differ."""
    sources = header.sources[slug]
    pairs = list(zip(sources, map(Source.cell, sources, cells_of_sources), strict=True))
    if len(pairs) == 1:
        return pairs[0][1], None
    filled = [(source, cell) for source, cell in pairs if not is_blank(cell)]
    if not filled:
        return pairs[0][1], None
    if not header.table.columns[slug].decides:
        return filled[0][1], None
    if slug in _READ_UNDER:
        filled = _in_words_of_column(slug, filled)
    is_empty_beside = slug in _EMPTY_SAYS_SOMETHING and len(filled) < len(pairs)
    values = {_compared(slug, cell) for _source, cell in filled}
    if len(values) == 1 and not is_empty_beside:
        return filled[0][1], None
    headings = "」「".join(dict.fromkeys(source.written for source in sources))
    problem = BadCell(
        _("「{headings}」说的是同一件事，这一行却不同").format(headings=headings),
        _("核对后改成一致，或只留一列"),
    )
    # a key that cannot be read is nobody's
    return None if slug in KEYS else filled[0][1], problem


def filled_vaguely(header: Header, slug: str, row: Sequence[Cell]) -> BadCell | None:
    """The problem of a row whose cell is blank while a vague column that was passed over is filled.

    row: the cells of the column's sources, then those of the vague columns.
    """
    sources, vague = header.sources[slug], header.vague_beside(slug)
    precise, vaguely = row[: len(sources)], row[len(sources) :]
    if all(map(is_blank, vaguely)) or not all(map(is_blank, precise)):
        return None
    problem = _("「{precise}」为空，「{vague}」有内容，不能确定以哪个为准")
    headings = "、".join(dict.fromkeys(source.written for source in vague))
    return BadCell(
        problem.format(precise=header.written[slug], vague=headings),
        _("补填「{precise}」").format(precise=header.written[slug]),
    )


def _in_words_of_column(
    slug: str, filled: Sequence[tuple[Source, Cell]]
) -> list[tuple[Source, Cell]]:
    """Cells as the column's slugs, whatever each heading asks.

    A state that is written out says more than a day on which something ended.
    """
    read_cells: list[tuple[Source, Cell]] = []
    for source, cell in filled:
        read = _READ_UNDER[slug]("" if source.stated else source.written)
        try:
            read_cells.append((source, read(cell)))
        except BadCell as bad:
            lost = UnreadableCell(folded_as_shown(cell), bad.problem, bad.remedy)
            read_cells.append((source, lost))
    written = [pair for pair in read_cells if not pair[0].stated]
    is_ended = any(cell != IN_FORCE for _source, cell in written)
    return written if is_ended else read_cells


def doubt_of(source: Source, cell: Cell) -> BadCell | None:
    """Why a filled cell under a heading that was not understood puts its row in doubt."""
    text = folded_as_shown(cell)
    if not text or text in shared_words().harmless_cells or _is_harmless_amount(source, text):
        return None
    if _is_harmless_yes(source, text):
        return None
    return BadCell(
        _("「{heading}」一列可能影响结论，但认不出").format(heading=source.written),
        _("把表头改为说明书的写法；确与核查无关的，删去这一列"),
    )


def _is_harmless_yes(source: Source, text: str) -> bool:
    """Whether a cell says yes to what is in order: 是否在职 是."""
    is_yes = text.lower() in cells.values()["yes_and_no"]["yes"]
    heading = compared(source.written).removeprefix("是否")
    return is_yes and heading in shared_words().harmless_if_yes


def _is_harmless_amount(source: Source, text: str) -> bool:
    """Whether a cell is an amount that was paid, or nothing owed."""
    try:
        amount = float(text.replace(",", ""))
    except ValueError:
        return False
    heading = compared(source.written)
    if "欠" in heading:
        return amount == 0
    return amount > 0 and any(word in heading for word in shared_words().paid_amounts)


def _compared(slug: str, cell: Cell) -> Any:
    read = _READ.get(slug)
    if read is not None:
        try:
            return read(cell)
        except (BadCell, ValueError):
            pass
    return folded_as_shown(cell).upper()


def _at(row: Sequence[Cell], position: int) -> Cell:
    return row[position] if position < len(row) else None
