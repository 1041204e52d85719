"""Zip packages: bounds that are looked at before anything is unpacked, parts and relationships."""

import posixpath
import zipfile
from typing import IO

from qualwatch.intake.containers.limits import MEGABYTE, limit
from qualwatch.intake.containers.markup import attribute, parsed
from qualwatch.intake.problems import BadFile
from qualwatch.wording import gettext as _


def require_bounded(package: zipfile.ZipFile) -> None:
    """BadFile where the parts of a package, unpacked, are more or larger than the limits."""
    entries = package.infolist()
    size = sum(entry.file_size for entry in entries)
    if len(entries) > limit("package_parts") or size > MEGABYTE * limit("unpacked_megabytes"):
        raise BadFile(
            _("解压后超过 {size} MB，不予读取").format(size=limit("unpacked_megabytes")),
            _("删去数据以外的内容，或拆成几个文件"),
        )


class Package:
    """The parts of a package by name, whatever slashes and capitals its writer used."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._parts = {
            name.replace("\\", "/").lstrip("/").lower(): name for name in file.namelist()
        }

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._parts

    def read(self, part: str) -> bytes:
        """A part's content; KeyError."""
        return self._file.read(self._parts[part.lower()])

    def open(self, part: str) -> IO[bytes]:
        """A part's content as a stream; KeyError."""
        return self._file.open(self._parts[part.lower()])

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """The relationships of a part ('' = the package): identifier -> (kind, part)."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", name + ".rels")
        if rels not in self:
            return {}
        related = {}
        for element in parsed(self.read(rels)):
            target = (attribute(element, "Target") or "").replace("\\", "/")
            kind = (attribute(element, "Type") or "").rsplit("/", 1)[-1]
            target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            related[attribute(element, "Id") or ""] = kind, target
        return related
