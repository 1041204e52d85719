"""Triggers of the registers' tables on both databases.

Rows only end, and never overlap in one key.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import UniqueConstraint

ENDS = ("recorded_to", "absent_since")


def guards_of(room: str, name: str) -> migrations.RunPython:
    """The triggers of one model: a row may only be ended.

    Its time on record overlaps no other of its key.
    """

    def make(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        model = apps.get_model(room, name)
        table = model._meta.db_table
        unique = next(
            constraint
            for constraint in model._meta.constraints
            if isinstance(constraint, UniqueConstraint)
        )
        key = [model._meta.get_field(field).column for field in unique.fields]
        columns = [field.column for field in model._meta.concrete_fields]
        same = " AND ".join(f"o.{one} = n.{one}" for one in key)
        overlap = (
            f"{same} AND o.id <> n.id AND o.recorded_from < coalesce(n.recorded_to, 2147483647) "
            "AND n.recorded_from < coalesce(o.recorded_to, 2147483647)"
        )
        fixed = [column for column in columns if column not in ENDS]
        if editor.connection.vendor == "postgresql":
            changed = " OR ".join(f"OLD.{one} IS DISTINCT FROM NEW.{one}" for one in fixed)
            editor.execute(
                f"CREATE FUNCTION {table}_only_ends() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{table}: a row only ends'; END $$;"
                f"CREATE TRIGGER {table}_only_ends BEFORE UPDATE ON {table} FOR EACH ROW "
                f"WHEN (OLD.recorded_to IS NOT NULL OR {changed}) EXECUTE FUNCTION "
                f"{table}_only_ends();"
                f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} FOR EACH ROW "
                f"EXECUTE FUNCTION {table}_only_ends();"
                f"CREATE FUNCTION {table}_overlaps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF EXISTS (SELECT 1 FROM added n JOIN {table} o ON {overlap} AND o.recorded_to "
                "IS NOT NULL) "
                f"THEN RAISE EXCEPTION '{table}: periods of one key overlap'; END IF; RETURN "
                "NULL; END $$;"
                f"CREATE TRIGGER {table}_overlaps AFTER INSERT ON {table} REFERENCING NEW TABLE "
                "AS added "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_overlaps()"
            )
            return
        new = overlap.replace("n.", "NEW.")
        changed = " OR ".join(f"OLD.{one} IS NOT NEW.{one}" for one in fixed)
        editor.execute(
            f"CREATE TRIGGER {table}_only_ends BEFORE UPDATE ON {table} "
            f"WHEN OLD.recorded_to IS NOT NULL OR {changed} "
            f"BEGIN SELECT RAISE(ABORT, '{table}: a row only ends'); END"
        )
        editor.execute(
            f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table}: a row only ends'); END"
        )
        editor.execute(
            f"CREATE TRIGGER {table}_overlaps AFTER INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} o WHERE {new} AND o.recorded_to IS NOT NULL) "
            f"BEGIN SELECT RAISE(ABORT, '{table}: periods of one key overlap'); END"
        )

    def unmake(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        table = apps.get_model(room, name)._meta.db_table
        if editor.connection.vendor == "postgresql":
            editor.execute(
                f"DROP FUNCTION {table}_only_ends() CASCADE; DROP FUNCTION {table}_overlaps() "
                "CASCADE"
            )
            return
        for trigger in ("only_ends", "stays", "overlaps"):
            editor.execute(f"DROP TRIGGER {table}_{trigger}")

    return migrations.RunPython(make, unmake)
