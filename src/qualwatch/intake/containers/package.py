"""Zip packages: bounds that are looked at before anything is unpacked."""

import zipfile

from qualwatch.intake.containers.limits import MEGABYTE, limit
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
