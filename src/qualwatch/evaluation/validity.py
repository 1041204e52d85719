"""Whether a record of a register is in effect on a day, by its own state and dates."""

from datetime import date

from qualwatch.evaluation.facts import Item, Registration


def state_holds(row: Registration | Item, day: date) -> bool:
    """Whether a register state other than in-force has taken effect by `day`."""
    return row.register_state != "in-force" and (
        row.register_state_from is None or row.register_state_from <= day
    )


def is_renewal_undecided(row: Registration | Item, day: date) -> bool:
    """Whether a record past its end was filed for renewal before it and has no answer
    (Administrative Licensing Law, 50).
    """
    if row.renewal_filed_on is None or row.valid_to is None:
        return False
    return row.renewal_filed_on <= row.valid_to < day


def is_end_unclear(row: Registration, day: date) -> bool:
    """Whether of a registration only an end of its certificate is known, and that is past.

    An electronic certificate is used for part of the registration's period, which may go on.
    """
    end = row.certificate_valid_to
    return row.valid_to is None and end is not None and end < day
