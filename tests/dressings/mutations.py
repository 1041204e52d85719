"""Damaged files: truncated, bits flipped, packed again with changed XML, endings exchanged."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from functools import cache
from random import Random

# the changes register themselves
import dressings.changes  # noqa: F401
from dressings.dress import Recipe, dressed
from dressings.facts import BASE
from dressings.writers import book_bytes

ENDINGS = (".csv", ".txt", ".xls", ".xlsx", ".ods", ".xlsm", ".xlsb", ".et", ".tsv")
Mutation = Callable[[bytes, Random], bytes]
MUTATIONS: dict[str, Mutation] = {}


def mutation(act: Mutation) -> Mutation:
    """Registers a mutation under its function's name."""
    MUTATIONS[act.__name__] = act
    return act


@cache
def originals() -> dict[str, tuple[str, bytes]]:
    """Name -> ending and bytes of undamaged files: workbooks of all tables, texts of one."""
    recipes = {
        "xlsx": ("xlsx", "one-workbook-for-everything"),
        "xlsx dates": ("xlsx", "one-workbook-for-everything", "days-as-dates"),
        "xlsx merged": ("xlsx", "one-workbook-for-everything", "key-cells-merged-over-their-rows"),
        "xls": ("xls", "one-workbook-for-everything", "days-as-dates"),
        "ods": ("ods", "one-workbook-for-everything", "days-as-dates"),
        "xml-2003": ("xml-2003", "one-workbook-for-everything", "days-as-dates"),
        "html": ("html-xls", "key-cells-merged-over-their-rows"),
        "csv": ("csv", "every-table-on-one-sheet"),
        "gb18030": ("csv", "in-gb18030"),
        "utf-16": ("tab", "in-utf-16"),
    }
    files = {}
    for name, (container, *changes) in recipes.items():
        dress = dressed(Recipe(1, container, tuple(changes)))
        book = max(dress.books, key=lambda sheets: sum(len(s.blocks[0].body) for s in sheets))
        files[name] = (dress.container.ending, book_bytes(dress, book))
    return files


@cache
def companions() -> dict[str, bytes]:
    """The base tables as plain files, so that what is left of a damaged file is judged."""
    dress = dressed(Recipe(0, "csv", ()))
    return {
        f"{sheets[0].name}.csv": book_bytes(dress, sheets)
        for sheets in dress.books
        if sheets[0].name in BASE
    }


def damaged(seed: int) -> tuple[str, str, bytes]:
    """(what was done, ending, bytes) of one damaged file."""
    random = Random(seed)
    name = random.choice(sorted(originals()))
    ending, raw = originals()[name]
    fitting = [
        act for act in MUTATIONS if _is_zip(raw) or not act.startswith(("packed", "part", "member"))
    ]
    acts = [random.choice(fitting) for _ in range(random.choice((1, 1, 1, 2)))]
    for act in acts:
        raw = MUTATIONS[act](raw, random)
    if random.random() < 0.2:
        ending = random.choice(ENDINGS)
    return f"{name}: {', '.join(acts)}, as {ending}", ending, raw


def _is_zip(raw: bytes) -> bool:
    return raw.startswith(b"PK")


@mutation
def truncated(raw: bytes, random: Random) -> bytes:
    return raw[: random.randint(0, len(raw))]


@mutation
def beginning_lost(raw: bytes, random: Random) -> bytes:
    return raw[random.randint(1, max(1, min(len(raw), 2000))) :]


@mutation
def bits_flipped(raw: bytes, random: Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(random.choice((1, 1, 3, 10, 100))):
        if changed:
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


@mutation
def header_bits_flipped(raw: bytes, random: Random) -> bytes:
    """In the first bytes, where a container says what it is."""
    changed = bytearray(raw)
    for _ in range(random.choice((1, 2, 5))):
        if changed:
            changed[random.randrange(min(len(changed), 600))] ^= 1 << random.randrange(8)
    return bytes(changed)


@mutation
def bytes_replaced(raw: bytes, random: Random) -> bytes:
    """A stretch of zeros, 0xFF or noise."""
    start = random.randint(0, len(raw))
    length = random.choice((1, 4, 64, 512, 5000))
    noise = random.choice((b"\0" * length, b"\xff" * length, random.randbytes(length)))
    return raw[:start] + noise + raw[start + length :]


@mutation
def numbers_replaced(raw: bytes, random: Random) -> bytes:
    """Two or four bytes as the largest or smallest number: sizes, offsets, rows, columns."""
    changed = bytearray(raw)
    words = (b"\xff\xff", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0", b"\0\0\0\x80", b"\1\0")
    for _ in range(random.choice((1, 2, 8))):
        at = random.randrange(max(1, len(changed) // 2)) * 2
        word = random.choice(words)
        changed[at : at + len(word)] = word
    return bytes(changed)


@mutation
def piece_removed(raw: bytes, random: Random) -> bytes:
    start = random.randint(0, len(raw))
    return raw[:start] + raw[start + random.choice((1, 2, 30, 700)) :]


@mutation
def piece_twice(raw: bytes, random: Random) -> bytes:
    start = random.randint(0, len(raw))
    piece = raw[start : start + random.choice((3, 80, 3000))]
    return raw[:start] + piece * random.choice((2, 2, 50)) + raw[start:]


@mutation
def spliced(raw: bytes, random: Random) -> bytes:
    """The end of another file behind the beginning of this one."""
    _ending, other = originals()[random.choice(sorted(originals()))]
    return raw[: random.randint(0, len(raw))] + other[random.randint(0, len(other)) :]


@mutation
def text_damaged(raw: bytes, random: Random) -> bytes:
    """What breaks texts: quotes, NUL, line ends, delimiters."""
    marks = (
        b'"',
        b"\0",
        b"\r",
        b"\n",
        b'""',
        b"," * 300,
        b"\t" * 300,
        b"\x1a",
        b"\xef\xbb\xbf",
        b"<",
        b"&",
    )
    for _ in range(random.choice((1, 3, 20))):
        at = random.randint(0, len(raw))
        raw = raw[:at] + random.choice(marks) + raw[at:]
    return raw


NUMBERS = ("0", "-1", "1048576", "16384", "4294967295", "99999999999", "1e308", "NaN", "", "abc")
PLACES = ("XFD1048576", "A0", "XFE1", "A1:XFD1048576", "B5:A1", "ZZZZZZ9", "$A$1", "A1048577", "1A")
XML_PIECES = (
    "<!DOCTYPE a [<!ENTITY b 'xxxxxxxxxx'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]>",
    "&c;",
    "<row>" * 3000,
    "<c t='s'><v>99999999</v></c>",
    "<c r='XFD1048576'><v>1</v></c>",
    "<mergeCell ref='A1:XFD1048576'/>",
    "<table:table-cell table:number-columns-repeated='2147483647'/>",
    "<table:table-row table:number-rows-repeated='1048576'>",
    "</sheetData>",
    "]]>",
    "\0",
)


def _damage_xml(text: str, random: Random) -> str:
    """One number, place, tag or piece of an XML."""
    kind = random.randrange(5)
    values = [match.span(1) for match in re.finditer(r'="([^"]*)"', text)]
    if kind == 0 and values:
        start, end = random.choice(values)
        return text[:start] + random.choice(NUMBERS + PLACES) + text[end:]
    tags = [match.span() for match in re.finditer(r"<[^>]+>", text)]
    if kind in (1, 2) and tags:
        start, end = random.choice(tags)
        return text[:start] + (text[start:end] * 2 if kind == 2 else "") + text[end:]
    contents = [match.span(1) for match in re.finditer(r"<(?:v|t|Data)[^>]*>([^<]*)<", text)]
    if kind == 3 and contents:
        start, end = random.choice(contents)
        return text[:start] + random.choice(NUMBERS + PLACES) + text[end:]
    at = random.choice(tags)[1] if tags else 0
    return text[:at] + random.choice(XML_PIECES) + text[at:]


@mutation
def markup_damaged(raw: bytes, random: Random) -> bytes:
    """HTML and XML files."""
    if raw.lstrip()[:1] != b"<":
        return bits_flipped(raw, random)
    text = raw.decode("utf-8", "surrogateescape")
    for _ in range(random.choice((1, 2, 5))):
        text = _damage_xml(text, random)
    return text.encode("utf-8", "surrogateescape")


def _members(raw: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # damaged by another mutation already
        return {}


def _packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


@mutation
def packed_again_with_changed_xml(raw: bytes, random: Random) -> bytes:
    members = _members(raw)
    xml = [name for name in members if name.endswith((".xml", ".rels"))]
    if not xml:
        return bits_flipped(raw, random)
    preferred = [name for name in xml if re.search(r"sheet|content|workbook|shared|styles", name)]
    for _ in range(random.choice((1, 1, 3))):
        name = random.choice(preferred or xml)
        text = members[name].decode("utf-8", "surrogateescape")
        members[name] = _damage_xml(text, random).encode("utf-8", "surrogateescape")
    return _packed(members)


@mutation
def part_damaged_and_packed(raw: bytes, random: Random) -> bytes:
    """A part damaged by any other mutation, checksums right."""
    members = _members(raw)
    if not members:
        return bits_flipped(raw, random)
    name = random.choice(sorted(members))
    act = random.choice((truncated, bits_flipped, bytes_replaced, piece_removed, piece_twice))
    members[name] = act(members[name], random)
    return _packed(members)


@mutation
def member_lost_or_exchanged(raw: bytes, random: Random) -> bytes:
    members = _members(raw)
    if not members:
        return bits_flipped(raw, random)
    name = random.choice(sorted(members))
    kind = random.randrange(4)
    if kind == 0:
        members.pop(name)
    elif kind == 1:
        members[name] = members[random.choice(sorted(members))]
    elif kind == 2:
        members[name.upper()] = members.pop(name)
    else:
        members["../" + name] = members.pop(name)
    return _packed(
        members, random.choice((zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    )
