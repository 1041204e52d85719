"""Whom documents name: an authority's contact, and the people who sign."""

from qualwatch.accounts.models import Account, Organisation
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # documents are Chinese

CONTACT = _n("联系人：{contact}；电话：{telephone}；地址：{address}")


def contact_of(authority: Organisation) -> str:
    """Contact, telephone and address of an authority in one line; '' where none is set."""
    if not (authority.contact and authority.telephone and authority.address):
        return ""
    return CONTACT.format(
        contact=authority.contact, telephone=authority.telephone, address=authority.address
    )


def required_contact_of(authority: Organisation) -> str:
    """As `contact_of`; CannotStep where none is set."""
    contact = contact_of(authority)
    if not contact:
        raise CannotStep(
            "contact",
            _("请先登记{name}的联系人、电话和地址（manage change_organisation）").format(
                name=authority.name
            ),
        )
    return contact


def person_name(username: str) -> str:
    """The name of the person behind an account, else the account's own."""
    account = Account.objects.filter(username=username).first()
    return (account.get_full_name() if account else "") or username
