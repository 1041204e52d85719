"""Django's sessions in the database, saved with one statement instead of three."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError


class SessionStore(db.SessionStore):
    """Django's store; an existing session is saved by one UPDATE without a savepoint."""

    def save(self, must_create: bool = False) -> Any:
        """UpdateError where the session has ended meanwhile, as Django's."""
        if must_create or self.session_key is None:
            return super().save(must_create)
        # not in the stubs
        session = self.create_model_instance(self._get_session())  # type: ignore[attr-defined]
        updated = self.model.objects.filter(session_key=session.session_key).update(
            session_data=session.session_data, expire_date=session.expire_date
        )
        if not updated:
            raise UpdateError
        return None
