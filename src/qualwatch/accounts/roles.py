"""Descriptions of the roles."""

from collections.abc import Iterator

from qualwatch.procedure.roles import ROLES
from qualwatch.wording import gettext as _


def role_descriptions() -> Iterator[tuple[str, str]]:
    """Each role's name and what it is for, in the chosen language."""
    for role in ROLES.values():
        yield _(role.name), _(role.purpose)
