"""XML and HTML from strangers: encodings, entity bombs, and what a parser may not do."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import IO, Any

from lxml import etree

from qualwatch.intake.containers.content import damaged, decoded_beginning
from qualwatch.intake.containers.limits import limit
from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_DECLARED = re.compile(r"""(?:encoding|charset)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030"}
# U+0000 to U+001F without tab and line ends: no XML may hold them
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DECLARATION = 2000  # bytes in which an encoding is declared
# what may stand before the first element
_BEFORE_ELEMENTS = (("<?", "?>"), ("<!--", "-->"))


def markup_text(raw: bytes) -> str:
    """The text of a markup file, by its byte order mark, its declaration, UTF-8 or GB18030."""
    for encoding in _encodings(raw):
        try:
            return _CONTROLS.sub("", raw.decode(encoding).removeprefix("\ufeff"))
        except (UnicodeDecodeError, LookupError):
            continue
    raise BadFile(_("有读不出的字节"), _("用表格软件打开后另存为 .xlsx"))


def _encodings(raw: bytes) -> Iterator[str]:
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            yield encoding
    if raw[1:2] == b"\0":
        yield "utf-16-le"
    if raw[:1] == b"\0":
        yield "utf-16-be"
    declared = _DECLARED.search(decoded_beginning(raw[:_DECLARATION]))
    if declared:
        name = declared[1].lower()
        yield _WIDER.get(name, name)
    yield "utf-8"
    yield "gb18030"


def xml_stream(raw: bytes) -> BytesIO:
    """An XML file as UTF-8 without its declaration; BadFile where it declares entities."""
    text = _XML_DECLARATION.sub("", markup_text(raw), count=1)
    refuse_entities(text[: limit("prolog_characters")])
    return BytesIO(text.encode())


def refuse_entities(beginning: str) -> None:
    """BadFile where a document type or an entity is declared before the first element: no
    spreadsheet program writes one. BadFile too where no element begins within the text.
    """
    at = 0
    while at < len(beginning):
        opened = beginning.find("<", at)
        if opened < 0:
            break
        closing = next(
            (end for start, end in _BEFORE_ELEMENTS if beginning.startswith(start, opened)), None
        )
        if beginning[opened : opened + 2] == "<!" and closing is None:
            raise _declares_entities()
        if closing is None:
            return
        closed = beginning.find(closing, opened)
        if closed < 0:
            break
        at = closed + len(closing)
    raise damaged()


def _declares_entities() -> BadFile:
    return BadFile(_("XML 里声明了实体，不予读取"), _("用表格软件打开后另存为 .xlsx"))


def refuse_document_type(element: Any) -> None:
    """BadFile where the document that is being parsed has a document type of its own."""
    if element.getroottree().docinfo.internalDTD is not None:
        raise _declares_entities()


def elements(stream: IO[bytes], *names: str) -> Iterator[Any]:
    """The elements of these local names as each one ends, in order; each is freed afterwards.

    A name is looked for inside others too: the reader must not need what was freed.
    """
    tags = [f"{{*}}{name}" for name in names]
    parsing = etree.iterparse(
        stream,
        events=("end",),
        tag=tags,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    is_first = True
    try:
        for _event, element in parsing:
            if is_first:
                refuse_document_type(element)
                is_first = False
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise damaged() from error


def parsed(content: bytes) -> Any:
    """A small part of a package as a tree."""
    refuse_entities(decoded_beginning(content)[: limit("prolog_characters")])
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise damaged() from error


def local_name(element: Any) -> str:
    """An element's name without its namespace; '' for a comment."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def attribute(element: Any, name: str) -> str | None:
    """An attribute by its local name, whatever its namespace."""
    if name in element.attrib:
        return str(element.attrib[name])
    for key, value in element.attrib.items():
        if key.endswith("}" + name):
            return str(value)
    return None
