"""Fills in the template of a document; what all documents of a kind share is packed once.

docxtpl reads and packs the whole template for every document, and most of a template (styles,
fonts, a picture) never changes. Here docxtpl fills in the text; the other parts are copied as
packed.
"""

import copy
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from docx.opc.oxml import serialize_part_xml
from docx.oxml.parser import parse_xml
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

PROPERTIES = ("author", "comments", "identifier", "language", "subject", "title")
FOOTNOTES = "/word/footnotes.xml"
# the index of the first picture in a document, as docxtpl begins
FIRST_PICTURE_INDEX = 1000


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made a document and when: the author and the days in its properties."""

    author: str
    at: datetime


class Environment(SandboxedEnvironment):
    """A sandbox that compiles each text once."""

    # the cache keeps its environment alive, and there is only one
    @lru_cache(maxsize=256)  # noqa: B019
    def from_string(self, *text: Any, **options: Any) -> Template:  # type: ignore[override]
        """The compiled template of a text."""
        return super().from_string(*text, **options)


ENVIRONMENT = Environment(undefined=StrictUndefined, autoescape=True)


def fill_template(path: Path, values: Mapping[str, Any], origin: Origin) -> bytes:
    """The document as .docx; jinja2.UndefinedError for a value that the template asks for."""
    template = _template(path, path.stat().st_mtime_ns)
    if template.is_simple:
        return template.fill(values, origin)
    return fill_with_docxtpl(path, values, origin)


def fill_with_docxtpl(path: Path, values: Mapping[str, Any], origin: Origin) -> bytes:
    """The document as docxtpl alone makes it, for templates with values outside the text."""
    template = DocxTemplate(path)
    template.render(dict(values), ENVIRONMENT, autoescape=True)
    set_origin(template.docx.core_properties, origin)
    document = io.BytesIO()
    template.save(document)
    return document.getvalue()


def set_origin(properties: Any, origin: Origin) -> None:
    """Writes the author and the days of a document into its properties."""
    # the properties hold a day of UTC without a zone
    at = origin.at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties.author = properties.last_modified_by = origin.author
    properties.created = properties.modified = at
    properties.revision = 1
    properties.comments = ""


@lru_cache(maxsize=64)
def _template(path: Path, _changed_at: int) -> "_Template":
    return _Template(path)


class _Template:
    """A template as docxtpl reads it, and the parts of it that every document shares."""

    def __init__(self, path: Path) -> None:
        self._docxtpl = DocxTemplate(path)
        self._docxtpl.render_init()
        # docxtpl keeps in itself what it fills in: one thread at a time
        self._lock = Lock()
        self._document = self._docxtpl.docx.part
        self._text = self._docxtpl.patch_xml(self._docxtpl.get_xml())
        uris = (DocxTemplate.HEADER_URI, DocxTemplate.FOOTER_URI)
        edges = [part for uri in uris for _, part in self._docxtpl.get_headers_footers(uri)]
        self._edges = [
            (part, self._docxtpl.patch_xml(self._docxtpl.get_part_xml(part))) for part in edges
        ]

    @cached_property
    def is_simple(self) -> bool:
        """Whether values stand only in the text, headers and footers, as in our own templates."""
        properties = self._docxtpl.docx.core_properties
        if any("{" in getattr(properties, name) for name in PROPERTIES):
            return False
        return all(part.partname != FOOTNOTES for part in self._document.package.parts)

    @cached_property
    def _shared(self) -> bytes:
        """The package without the parts that are filled in."""
        # docxtpl writes empty properties too
        self._docxtpl.render_properties({}, ENVIRONMENT)
        complete, shared = io.BytesIO(), io.BytesIO()
        self._docxtpl.docx.save(complete)
        filled_parts = [self._document, self._properties, *(part for part, _ in self._edges)]
        filled_names = {part.partname.membername for part in filled_parts}
        with (
            zipfile.ZipFile(complete) as package,
            zipfile.ZipFile(shared, "w", zipfile.ZIP_DEFLATED) as rest,
        ):
            for member in package.infolist():
                if member.filename not in filled_names:
                    rest.writestr(member.filename, package.read(member))
        return shared.getvalue()

    @property
    def _properties(self) -> Any:
        """The part of the document's properties."""
        return self._document.package._core_properties_part

    def fill(self, values: Mapping[str, Any], origin: Origin) -> bytes:
        """The document as .docx."""
        with self._lock:
            parts = {self._document: serialize_part_xml(self._body(values))}
            for part, text in self._edges:
                parts[part] = serialize_part_xml(self._edge(part, text, values))
            document = io.BytesIO(self._shared)
            set_origin(self._docxtpl.docx.core_properties, origin)
            parts[self._properties] = self._properties.blob
        with zipfile.ZipFile(document, "a", zipfile.ZIP_DEFLATED) as package:
            for part, content in parts.items():
                package.writestr(part.partname.membername, content)
        return document.getvalue()

    def _body(self, values: Mapping[str, Any]) -> Any:
        docxtpl = self._docxtpl
        docxtpl.docx_ids_index = FIRST_PICTURE_INDEX
        text = docxtpl.render_xml_part(self._text, self._document, dict(values), ENVIRONMENT)
        body = docxtpl.fix_tables(text)
        docxtpl.fix_docpr_ids(body)
        root = copy.deepcopy(self._document.element)
        root.replace(root.body, body)
        return root

    def _edge(self, part: Any, text: str, values: Mapping[str, Any]) -> Any:
        xml = self._docxtpl.render_xml_part(text, part, dict(values), ENVIRONMENT)
        return parse_xml(xml.encode())
