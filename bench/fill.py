"""A large installation made in a minute or two: the rows of a few predictions, copied by SQL under new keys."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import connection, models, transaction

from recognizer.models import Glyph, Prediction, Upload

OWNER_SHARE = 10  # one row in ten belongs to the user whose pages are measured


def fill(
    owner: User,
    others: Sequence[User],
    templates: Sequence[Prediction],
    count: int,
    *,
    first: int = 0,
    tables: tuple[type[models.Model], ...] = (Upload, Prediction, Glyph),
) -> None:
    """Make the copies number `first` to `count`, newest first, shared among the owner and the others.

    The models may be those of an earlier release.
    """
    uploads, predictions, glyphs = tables
    dialect = SQLite if connection.vendor == "sqlite" else PostgreSQL
    with connection.cursor() as cursor:
        for statement in dialect.before:
            cursor.execute(statement)
        with transaction.atomic():
            owners = [owner.pk, *(others[n % len(others)].pk for n in range(OWNER_SHARE - 1))] if others else [owner.pk]
            cases = " ".join(f"WHEN {n} THEN {pk}" for n, pk in enumerate(owners))
            cursor.execute("DROP TABLE IF EXISTS filler")
            cursor.execute(
                f"CREATE TEMPORARY TABLE filler AS SELECT n, n % {len(templates)} AS template,"
                f" {dialect.new_key} AS upload_id, {dialect.new_key} AS prediction_id,"
                f" CASE n % {len(owners)} {cases} END AS owner_id, {dialect.seconds_ago} AS moment"
                f" FROM {dialect.series.format(first=first, last=count - 1)}"
            )
            cursor.execute("DROP TABLE IF EXISTS templates")
            cursor.execute("CREATE TEMPORARY TABLE templates (number int, upload_id text, prediction_id text)")
            cursor.executemany(
                "INSERT INTO templates VALUES (%s, %s, %s)",
                [(n, dialect.key(t.upload_id), dialect.key(t.pk)) for n, t in enumerate(templates)],
            )
            copy(cursor, uploads, "id", "t.upload_id", {"id": "f.upload_id", **ownership("created_at")})
            copy(
                cursor,
                predictions,
                "id",
                "t.prediction_id",
                {
                    "id": "f.prediction_id",
                    "upload_id": "f.upload_id",
                    "created_at": "f.moment",
                    **ownership("given_at"),
                },
            )
            copy(
                cursor,
                glyphs,
                "prediction_id",
                "t.prediction_id",
                {"id": dialect.new_key, "prediction_id": "f.prediction_id"},
            )
        for statement in dialect.after:
            cursor.execute(statement)


def ownership(time_column: str) -> dict[str, str]:
    return {"owner_id": "f.owner_id", time_column: "f.moment"}


def copy(cursor: object, model: type[models.Model], column: str, key: str, changed: dict[str, str]) -> None:
    """Copy a template's row for each line of `filler`, with other values in the changed columns."""
    columns = [field.column for field in model._meta.concrete_fields]
    values = ", ".join(changed.get(name, f's."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    table = model._meta.db_table
    # Copied aside first: to look them up among all other rows would cost a scan for each copy.
    cursor.execute("DROP TABLE IF EXISTS source")
    cursor.execute(
        f"CREATE TEMPORARY TABLE source AS SELECT t.number AS template, s.* FROM templates t"
        f' JOIN "{table}" s ON CAST(s."{column}" AS text) = {key}'
    )
    cursor.execute(
        f'INSERT INTO "{table}" ({names}) SELECT {values} FROM filler f JOIN source s ON s.template = f.template'
    )


ANALYSE = ("PRAGMA analysis_limit=400", "ANALYZE")  # as every start and every hour does


class SQLite:
    new_key = "lower(hex(randomblob(16)))"
    seconds_ago = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || n || ' seconds')"
    series = "(WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c WHERE n < {last}) SELECT n FROM c)"
    # The file is thrown away, so speed counts: no journal of a gigabyte, and keys in random order stay in memory.
    before = ("PRAGMA synchronous=OFF", "PRAGMA cache_size=-2000000", "PRAGMA temp_store=MEMORY")
    after = ("PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA cache_size=-16000", *ANALYSE)

    @staticmethod
    def key(value: object) -> str:
        return str(value).replace("-", "")


class PostgreSQL:
    new_key = "gen_random_uuid()"
    seconds_ago = "now() - n * interval '1 second'"
    series = "generate_series({first}, {last}) AS n"
    before = ("SET synchronous_commit = off",)
    after = ("VACUUM ANALYZE",)  # as autovacuum would have done

    @staticmethod
    def key(value: object) -> str:
        return str(value)
