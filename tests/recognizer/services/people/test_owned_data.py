"""Every model and every file is known to the deletion of an account and to its export."""

import json
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.db.models import FileField
from django.utils import timezone

from recognizer.models import (
    AccountDeletion,
    Backup,
    DeletedFolder,
    Job,
    ModelEvent,
    ModelVersion,
    OutgoingMail,
    Prediction,
    Promotion,
    Training,
)
from recognizer.services.batches import intake
from recognizer.services.exports.table_exports import request_table
from recognizer.services.history import corrections
from recognizer.services.limits import idempotency
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.export_links import create_link
from recognizer.services.people.notices import tell_person
from recognizer.services.people.owned_data import OWNED_FILES, OWNED_ROWS, OwnedRows, models_with_rows_of
from recognizer.services.people.tokens import create_token
from recognizer.services.reading.feature_maps import draw_maps
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.preferences import choose_decimal_mark
from recognizer.services.reading.presets import create_preset
from recognizer.services.space.folders import folder_of
from recognizer.services.space.reconcile import reconcile
from recognizer.words.notices import EXPORT_READY
from tests.pictures import digit_png
from tests.recognizer.deletions import is_finished, run_deletions
from tests.recognizer.personal_exports import export_everything
from tests.recognizer.tables import write_tables

pytestmark = pytest.mark.django_db

WITHOUT_OWNER = {
    AccountDeletion,  # the number of the account and times, for a day after its end
    Backup,  # of all rows; it holds its place and its size
    ContentType,
    DeletedFolder,  # likewise
    Group,
    Group.permissions.through,
    ModelVersion,
    Permission,
    Session,  # its data is signed and names a number; it expires on its own
}


@pytest.fixture
def everything(alice, model, media, settings) -> User:
    """Return a user with rows of every model and files of every kind."""
    settings.AUDITED_SHARE = 1.0
    batch = intake.create_batch(owner=alice, name="Batch")
    intake.add_files(batch, [("a.png", ContentFile(digit_png(3)))])
    prediction = create_prediction(owner=alice, data=digit_png(7, size=100), source="upload", draw_maps=True)
    job = Job.objects.get(kind=Job.Kind.FEATURE_MAPS)
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING, attempts=1, lease_id=job.pk, lease_until=job.created_at
    )
    draw_maps(Job.objects.get(pk=job.pk))
    ensure_picture(prediction.upload)
    ensure_thumbnail(prediction.upload)
    corrections.correct(prediction=prediction, by=alice, kind="correct", text="1")
    create_token(user=alice, name="script")
    Promotion.objects.create(version=prediction.model, by=alice)
    ModelEvent.objects.create(version=prediction.model, kind=ModelEvent.Kind.NOTED, by=alice, text="for meters")
    choose_decimal_mark(alice, "comma")
    create_preset(owner=alice, name="Water meter", fields={"digits": "5"})
    EmailConfirmation.create(EmailAddress.objects.create(user=alice, email=alice.email))
    OutgoingMail.objects.create(kind="notice", user=alice, expires_at=timezone.now())
    Training.objects.create(number=1, started_by=alice, base=prediction.model)
    tell_person(alice.pk, EXPORT_READY)
    idempotency.claim_key(owner_id=alice.pk, key="once", fingerprint="f" * 64)
    alice.groups.add(Group.objects.create(name="staff"))
    alice.user_permissions.add(Permission.objects.first())
    export_everything(alice)
    request_table(alice, title="Batch", site="https://example.org", batch=batch)
    create_link(batch)
    write_tables()
    LogEntry.objects.create(user=alice, action_flag=1, object_repr="x")
    return alice


def test_every_model_is_known():
    known = {owned.model for owned in OWNED_ROWS}
    models = set(apps.get_models(include_auto_created=True))
    assert models - known == WITHOUT_OWNER
    assert not known - models


def test_every_file_field_is_known():
    fields = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if isinstance(field, FileField)
    }
    assert {owned.field for owned in OWNED_FILES} == fields


@pytest.mark.parametrize("owned", [*OWNED_ROWS, *OWNED_FILES], ids=str)
def test_data_is_exported_or_has_a_reason_not_to_be(owned):
    assert bool(owned.export) != bool(owned.not_exported_because)


def test_the_example_has_rows_of_every_model_and_files_of_every_kind(everything):
    found = models_with_rows_of(everything.pk)
    assert found == [owned.model._meta.label for owned in OWNED_ROWS]
    for owned in OWNED_FILES:
        model, _, name = owned.field.rpartition(".")
        files = [file for file in apps.get_model(model).objects.values_list(name, flat=True) if file]
        assert files
        assert {file.split("/")[0] for file in files} <= set(owned.folders)


def test_an_export_holds_everything_that_it_should(everything):
    counts = {owned.model: owned.model.objects.count() for owned in OWNED_ROWS}
    archive = export_everything(everything)
    names = archive.namelist()
    for owned in OWNED_ROWS:
        if owned.export:
            rows = [row for name in names if name.startswith(owned.export) for row in json.loads(archive.read(name))]
            assert count_exported(rows, owned) == counts[owned.model] > 0, owned.model
    for file in OWNED_FILES:
        assert not file.export or any(name.startswith(file.export) for name in names)
    members = {name.partition("/")[0] + ("/" if "/" in name else "") for name in names}
    assert members == {owned.export for owned in (*OWNED_ROWS, *OWNED_FILES) if owned.export}


def count_exported(rows: list[dict], owned: OwnedRows) -> int:
    """Return how many rows of a model the objects of its member are, or hold."""
    if not owned.inside:
        return len(rows)
    return sum(len(row[owned.inside]) if isinstance(row[owned.inside], list) else 1 for row in rows)


def test_the_comparison_of_files_and_rows_knows_every_file(everything, media):
    report = reconcile(remove=False, grace=timedelta(0))
    assert (report.without_row, report.without_file) == ([], [])
    assert report.files == len([path for path in media.rglob("*") if path.is_file()])


def test_a_deletion_leaves_no_row_and_no_file(everything, bob, model, media, settings):
    kept = create_prediction(owner=bob, data=digit_png(4), source="upload")
    settings.JOB_LEASE_SECONDS = 0  # no worker runs here
    request_deletion(everything)
    run_deletions()
    assert is_finished(everything.pk)
    assert models_with_rows_of(everything.pk) == []
    assert [path for path in media.rglob("*") if path.is_file()] == [media / kept.upload.original.name]
    assert Prediction.objects.get() == kept


def test_every_file_lies_in_a_folder_that_the_deletion_records(everything, media, settings):
    settings.JOB_LEASE_SECONDS = 0
    names = [str(path.relative_to(media)) for path in media.rglob("*") if path.is_file()]
    assert len(names) > len(OWNED_FILES)
    request_deletion(everything)
    run_deletions()
    recorded = set(DeletedFolder.objects.values_list("name", flat=True))
    assert {folder_of(name) for name in names} <= recorded
