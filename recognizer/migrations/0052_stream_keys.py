import hashlib
import json
from uuid import UUID

from django.db import migrations, transaction
from django.db.models import F

STREAMS_AT_ONCE = 100


def renew_keys(apps, schema_editor):
    """Add the fields of the preset to the keys of streams, so that the streams go on with their promises.

    A stream that does not go on has its own id as key. A stream has the name of its preset.
    """
    change_streams(apps, renew_key)


def restore_keys(apps, schema_editor):
    """Take the fields of the preset out of the keys again, so that the earlier release finds its streams."""
    change_streams(apps, restore_key)


def renew_key(stream):
    """Change the key and the name, and return whether the stream had the key of the earlier release."""
    if stream.key != stream_key(stream):
        return False
    if stream.preset is None:
        stream.name = ""  # a stream without a preset could get the name of a deleted one
    else:
        stream.name = stream.preset.name
        stream.key = stream_key(stream, digest_fields(stream.preset.expectation))
    return True


def restore_key(stream):
    """Change the key, and return whether the stream is that of its preset as it is now."""
    if stream.preset is None or stream.key != stream_key(stream, digest_fields(stream.preset.expectation)):
        return False
    stream.key = stream_key(stream)
    return True


def change_streams(apps, change):
    """Save the streams for which the function returns True. The transactions are short, and it may be repeated."""
    streams = apps.get_model("recognizer", "Stream").objects
    rows = streams.select_for_update(of=("self",)).select_related("preset").order_by("pk")
    last = UUID(int=0)
    while True:
        with transaction.atomic():
            found = list(rows.filter(pk__gt=last)[:STREAMS_AT_ONCE])
            if not found:
                return
            last = found[-1].pk
            changed = [stream for stream in found if change(stream)]
            # A process of the other release may have begun another stream since the migration was applied.
            named = [stream.key for stream in changed if stream.preset]
            taken = set(streams.filter(key__in=named).values_list("owner", "model", "key"))
            free = [each for each in changed if (each.owner_id, each.model_id, each.key) not in taken]
            streams.bulk_update(free, ["key", "name"])


def stream_key(stream, *digest):
    """Return the key as it was, or as it is with the digest of the preset's fields."""
    parts = [stream.mode, stream.decimal, str(stream.preset_id or ""), stream.is_expected, *digest]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def digest_fields(fields):
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


def limit_corrected(apps, schema_editor):
    """Take back corrections beyond the answers of a month: they were of pictures that other months have counted."""
    months = apps.get_model("recognizer", "StreamMonth").objects
    total = F("sure") + F("unsure") + F("rejected")
    months.filter(corrected__gt=total).update(corrected=total)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("recognizer", "0051_earlier_reviews"),
    ]

    operations = [
        migrations.RunPython(renew_keys, restore_keys),
        migrations.RunPython(limit_corrected, migrations.RunPython.noop),
    ]
