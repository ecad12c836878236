"""The product with its media in an object store: what people see, what is removed, and what the store's faults do."""

import uuid
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from recognizer.models import Job, Prediction, Upload
from recognizer.services.backups.take import take_backup
from recognizer.services.batches import intake
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry.model_files import local_artifact, store_shipped_artifacts
from recognizer.services.space import reconcile as reconcile_module
from recognizer.services.space.disk import folders
from recognizer.services.space.probe import StorageProbe
from recognizer.services.space.purge import remove_uploads
from recognizer.services.space.reconcile import reconcile
from recognizer.services.space.recount import recount
from recognizer.services.work import runs
from tests.pictures import digit_png
from tests.recognizer.deletions import is_finished, run_deletions
from tests.recognizer.services.backups.conftest import contents
from tests.recognizer.services.space.test_reconcile import NO_GRACE

pytestmark = pytest.mark.django_db

API = "/api/v1/predictions/"


@pytest.fixture
def store(media_in_store, media: Path):
    yield media_in_store
    assert list(media.iterdir()) == []  # nothing is written to the disk


@pytest.fixture
def few_parts(monkeypatch, prediction):
    """Compare only the parts that hold something, since each costs the store several lists."""
    monkeypatch.setattr(reconcile_module, "PARTS", sorted({"ab", prediction.upload_id.hex[:2]}))


@pytest.fixture
def prediction(alice, model, store) -> Prediction:
    return create_prediction(owner=alice, data=digit_png(7, size=100), source="upload", draw_maps=True)


def run(job: Job) -> None:
    """Run a job as a worker would."""
    claimed = runs.claim_job(job.pk, message=uuid.uuid4())
    assert claimed is not None
    runs.run_job(claimed)
    job.refresh_from_db()


def names_of_rows() -> set[str]:
    rows = Upload.objects.values_list("original", "picture", "thumbnail")
    return {f"media/{name}" for row in rows for name in row if name}


def test_a_picture_is_stored_in_the_bucket_and_passed_on_to_its_owner_alone(
    prediction, store, alice_client, bob, settings
):
    settings.MEDIA_ACCEL_PREFIX = "/protected-media/"  # nginx does not see the bucket
    upload = prediction.upload
    pages = [reverse(name, args=[upload.pk]) for name in ("upload_thumbnail", "upload_picture", "upload_original")]
    answers = [alice_client.get(page) for page in pages]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert b"".join(answers[2].streaming_content) == digit_png(7, size=100)
    for answer in answers:
        assert "X-Accel-Redirect" not in answer
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert int(answer["Content-Length"]) > 0
    assert store.names() == names_of_rows()
    stranger = Client()
    stranger.force_login(bob)
    assert [stranger.get(page).status_code for page in pages] == [404, 404, 404]


def test_feature_maps_are_drawn_into_the_bucket(prediction, store):
    job = Job.objects.get(kind=Job.Kind.FEATURE_MAPS)
    run(job)
    drawn = {name for name in store.names() if name.startswith("media/feature-maps/")}
    assert drawn
    assert job.state == Job.State.DONE


def test_files_and_rows_are_compared(prediction, store, few_parts):
    ensure_picture(prediction.upload)
    default_storage.save("uploads/ab/0f0e5a34-0000-0000-0000-000000000000/original", ContentFile(b"lost"))
    store.set_faults(page=1)
    report = reconcile(remove=True, grace=NO_GRACE)
    assert (report.files, report.removed, report.without_file) == (3, 1, [])
    assert store.names() == names_of_rows()
    default_storage.delete(prediction.upload.original.name)
    assert reconcile(remove=False).without_file == [prediction.upload.original.name]


def test_a_list_that_breaks_off_removes_nothing_and_loses_nothing(prediction, store, few_parts):
    ensure_thumbnail(prediction.upload)
    before = store.names()
    store.set_faults(page=1, truncated=True)
    with pytest.raises(OSError, match="did not return all"):
        reconcile(remove=True, grace=NO_GRACE)
    store.set_faults()
    assert store.names() == before


@pytest.mark.parametrize("fault", ["down", "truncated"])
def test_an_account_is_deleted_completely_also_after_a_fault(prediction, store, alice, fault):
    ensure_thumbnail(prediction.upload)
    request_deletion(alice)
    if fault == "down":
        store.proxy.shut()
    else:
        store.set_faults(page=1, truncated=True)
    run_deletions()
    assert not is_finished(alice.pk)
    store.set_faults()
    if fault == "down":
        store.proxy.open()
    default_storage._down_until = 0.0
    run_deletions()
    assert store.names() == set()


def test_usage_is_counted_and_removed_pictures_leave_the_bucket(prediction, store, django_capture_on_commit_callbacks):
    ensure_thumbnail(prediction.upload)
    assert recount().corrected_uploads == 0
    prediction.upload.refresh_from_db()
    assert store.names()
    with django_capture_on_commit_callbacks(execute=True):
        remove_uploads([prediction.upload])
    assert store.names() == set()


def test_models_come_from_the_bucket(model, store, monkeypatch, tmp_path):
    store_shipped_artifacts()
    assert f"media/models/{model.version}/card.json" in store.names()
    monkeypatch.setattr("recognizer.services.registry.model_files.SHIPPED_FOLDER", tmp_path)
    assert local_artifact(model).digest == model.digest
    store_shipped_artifacts()


def test_a_store_has_no_disk_that_could_be_full(store, media):
    assert media not in list(folders())


def test_the_probe_tells_whether_the_store_can_be_used(store):
    assert StorageProbe().check()
    store.set_faults(full=True)
    assert not StorageProbe().check()


# --- Faults ------------------------------------------------------------------------------------------------


def send(token: dict[str, str]):
    return Client().post(API, digit_png(7, size=100), content_type="image/png", headers=token)


@pytest.mark.parametrize(
    ("fault", "code", "status"), [("full", "storage_full", 507), ("down", "storage_unavailable", 503)]
)
def test_a_picture_that_cannot_be_stored_is_refused_and_leaves_no_row(store, alice_token, model, fault, code, status):
    store.proxy.shut() if fault == "down" else store.set_faults(full=True)
    answer = send(alice_token)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Upload.objects.exists()
    if store.proxy.is_shut:
        store.proxy.open()
    store.set_faults()
    default_storage._down_until = 0.0
    assert store.names() == set()
    assert send(alice_token).status_code == 201
    assert store.names() == names_of_rows()


def test_a_picture_is_shown_in_words_while_the_store_is_down(prediction, store, alice_client):
    store.proxy.shut()
    answer = alice_client.get(reverse("upload_original", args=[prediction.upload_id]))
    assert answer.status_code == 503
    assert alice_client.get(reverse("upload_detail", args=[prediction.upload_id])).status_code == 200


def test_a_batch_waits_for_the_store_without_losing_an_attempt(store, alice, model):
    batch = intake.create_batch(owner=alice)
    intake.add_files(batch, [(f"{n}.png", ContentFile(digit_png(n))) for n in range(4)])
    intake.close_batch(batch)
    job = Job.objects.get(kind=Job.Kind.BATCH_CHUNK)
    for _try in range(5):
        store.proxy.shut()
        default_storage._down_until = 0.0
        run(job)
        assert (job.state, job.attempts) == (Job.State.WAITING, 0)
        store.proxy.open()
    default_storage._down_until = 0.0
    run(job)
    assert Prediction.objects.count() == 4
    assert names_of_rows() <= store.names()


# --- Backups -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_backup_reads_the_bucket(prediction, store, tmp_path):
    take_backup(tmp_path / "backups")
    files = [line.split()[0] for line in contents(tmp_path / "backups")["files"]]
    assert {f"media/{name}" for name in files} == store.names()
