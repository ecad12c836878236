"""The usage of an account is what is stored for it, derivatives included, and the quota bounds all of it."""

import json
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import transaction

from recognizer.models import (
    BatchItem,
    Correction,
    FeatureMap,
    Glyph,
    Job,
    Prediction,
    Upload,
    Usage,
)
from recognizer.problems import Problem
from recognizer.services.batches import intake
from recognizer.services.history import bulk_actions, corrections
from recognizer.services.reading import feature_maps, rescoring
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail
from recognizer.services.reading.predictions import create_prediction, read_picture, reread_upload
from recognizer.services.space import disk, sizes
from recognizer.services.space.purge import purge
from recognizer.services.space.recount import recount
from recognizer.services.work import runs
from tests.pictures import digit_png, varied_pngs
from tests.recognizer.services.batches.conftest import claim, run_waiting_jobs
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db

DATA = digit_png(7, size=200)
STROKES = [{"pen": 26, "erases": False, "points": [[n, 2.5, 0.5, 16 * n] for n in range(200)]}]


@pytest.fixture(autouse=True)
def commits(django_capture_on_commit_callbacks, request):
    """Let files be removed after each test's transaction, unless the test commits by itself."""
    if request.node.get_closest_marker("django_db").kwargs.get("transaction"):
        yield
        return
    with django_capture_on_commit_callbacks(execute=True):
        yield


def stored_bytes(media: Path) -> int:
    """Return the bytes of all files, and of the rows that count towards the quota."""
    files = sum(path.stat().st_size for path in media.rglob("*") if path.is_file())
    drawings = sum(len(json.dumps(strokes)) for strokes in Upload.objects.values_list("strokes", flat=True) if strokes)
    boxes = sum(len(json.dumps(row)) for row in Correction.objects.values_list("boxes", flat=True))
    parts = sum(len(part) for row in Prediction.objects.values_list("signs", "unread", "lines") for part in row)
    return (
        files
        + drawings
        + boxes
        + Prediction.objects.count() * sizes.PREDICTION_BYTES
        + parts * sizes.PART_BYTES
        + Glyph.objects.count() * sizes.GLYPH_BYTES
        + Correction.objects.count() * sizes.CORRECTION_BYTES
        + BatchItem.objects.count() * sizes.ITEM_BYTES
    )


def used(alice) -> int:
    return Usage.objects.get(user=alice).bytes


@pytest.fixture
def drawing(alice, model, media) -> Upload:
    """Return a drawing whose feature maps are drawn, and whose images have been looked at."""
    upload = create_prediction(
        owner=alice, data=DATA, source="drawing", mode="digit", strokes=STROKES, draw_maps=True
    ).upload
    run_waiting_jobs()
    ensure_picture(upload)
    ensure_thumbnail(upload)
    return Upload.objects.get()


def test_everything_made_from_a_picture_counts(drawing, alice, media):
    assert used(alice) == stored_bytes(media) > 10 * len(DATA)
    prediction = Prediction.objects.get()
    corrections.correct(prediction=prediction, by=alice, kind="correct", text="1")
    corrections.undo(prediction=prediction, by=alice)
    assert used(alice) == stored_bytes(media)


def test_an_image_that_two_requests_make_is_counted_once(drawing, alice, media):
    stale = Upload.objects.get()
    stale.thumbnail = ""  # as a second request saw it before the first one had saved it
    ensure_thumbnail(stale)
    assert used(alice) == stored_bytes(media)


def test_maps_that_are_drawn_again_are_counted_once(drawing, alice, media):
    feature_maps.redraw_maps(Prediction.objects.all())
    run_waiting_jobs()
    assert used(alice) == stored_bytes(media)


@pytest.mark.django_db(transaction=True)
def test_reading_again_removes_the_maps_of_the_superseded_prediction(drawing, alice, media):
    before = (len(list(media.rglob("*.png"))), used(alice))
    for _ in range(10):
        reread_upload(drawing, "digit")
        run_waiting_jobs()
    assert len(list(media.rglob("*.png"))) == before[0]
    assert set(FeatureMap.objects.values_list("glyph__prediction__is_current", flat=True)) == {True}
    assert used(alice) == stored_bytes(media)
    assert used(alice) <= before[1] + 10 * sizes.prediction_bytes(1, 2)


@pytest.mark.django_db(transaction=True)
def test_a_rescore_removes_the_maps_of_the_superseded_predictions(drawing, alice, media, model):
    older = Prediction.objects.get()
    with transaction.atomic():
        rescored = read_picture(DATA, "digit")
        Prediction.objects.update(model=create_other_version(model))
        rescoring.write_predictions([(older, rescored.reading)], model, latency_ms=1.0)
    assert not FeatureMap.objects.exists()
    assert not list((media / "feature-maps").rglob("*.png"))
    assert used(alice) == stored_bytes(media)


def create_other_version(model):
    from recognizer.models import ModelVersion

    return ModelVersion.objects.create(version="older", digest="0" * 64, card=model.card, state="retired")


@pytest.mark.django_db(transaction=True)
def test_the_maps_of_one_earlier_prediction_are_drawn_for_who_looks_at_it(drawing, alice, media):
    for _ in range(2):
        reread_upload(drawing, "digit")
        run_waiting_jobs()
    earlier = list(Prediction.objects.filter(is_current=False))
    for prediction in earlier:
        feature_maps.ensure_maps(prediction)
        run_waiting_jobs()
        feature_maps.ensure_maps(prediction)  # as the page does while it waits
        assert prediction.jobs.get().state == Job.State.DONE
        drawn = FeatureMap.objects.exclude(image="").values_list("glyph__prediction", flat=True)
        assert set(drawn) == {prediction.pk, Prediction.objects.get(is_current=True).pk}
        assert used(alice) == stored_bytes(media)


@pytest.mark.django_db(transaction=True)
def test_maps_that_are_superseded_while_they_are_drawn_leave_no_file(drawing, alice, media, monkeypatch):
    job = Job.objects.get()
    feature_maps.redraw_maps(Prediction.objects.all())
    draw_files = feature_maps.draw_files

    def draw_and_supersede(prediction, maps):
        draw_files(prediction, maps)
        reread_upload(drawing, "digit")
        draw_files(prediction, maps)  # the purge ran before the last file was written

    monkeypatch.setattr(feature_maps, "draw_files", draw_and_supersede)
    runs.run_job(claim(job))
    monkeypatch.undo()
    assert not list((media / "feature-maps").rglob("*.png"))
    assert used(alice) == stored_bytes(media)


@pytest.mark.django_db(transaction=True)
def test_maps_and_a_new_reading_at_the_same_time_agree(drawing, alice, media):
    feature_maps.redraw_maps(Prediction.objects.all())
    job = claim(Job.objects.get())
    with meanwhile(lambda: runs.run_job(job)):
        reread_upload(drawing, "digit")
    run_waiting_jobs()
    assert used(alice) == stored_bytes(media)


def test_a_batch_counts_its_files_readable_or_not(alice, model, media):
    batch = intake.create_batch(owner=alice)
    pictures = [("a.png", ContentFile(digit_png(3))), ("b.png", ContentFile(digit_png(4)[:300]))]
    intake.add_files(batch, [*pictures, ("c.txt", ContentFile(b"text"))])
    assert used(alice) == stored_bytes(media)
    run_waiting_jobs()
    assert list(batch.items.values_list("state", flat=True)) == ["done", "failed", "failed"]
    assert used(alice) == stored_bytes(media)


@pytest.mark.django_db(transaction=True)
def test_what_is_removed_counts_no_more(drawing, alice, media, settings):
    batch = intake.create_batch(owner=alice)
    intake.add_files(batch, [("b.png", ContentFile(digit_png(4)[:300]))])
    run_waiting_jobs()
    bulk_actions.delete_uploads(alice, [drawing.pk])
    assert used(alice) == stored_bytes(media)
    settings.DELETED_UPLOADS_KEPT_DAYS = 0
    purge()
    assert Usage.objects.values_list("pictures", "bytes").get(user=alice) == (0, sizes.ITEM_BYTES)
    assert used(alice) == stored_bytes(media)


# --- The quota -----------------------------------------------------------------------------------------


@pytest.fixture
def full(drawing, alice, settings) -> Upload:
    settings.QUOTA_BYTES = used(alice)
    return drawing


@pytest.mark.parametrize(
    "act",
    [
        lambda alice, upload: reread_upload(upload, "digit"),
        lambda alice, upload: corrections.correct(
            prediction=upload.predictions.get(), by=alice, kind="correct", text="1"
        ),
        lambda alice, upload: bulk_actions.correct_predictions(Prediction.objects.all(), by=alice, kind="confirm"),
        lambda alice, upload: create_prediction(owner=alice, data=DATA, source="upload"),
        lambda alice, upload: intake.add_files(intake.new_batch(owner=alice), [("c.txt", ContentFile(b"text"))]),
    ],
    ids=["read again", "correct", "correct many", "upload", "batch"],
)
def test_a_full_account_stores_nothing_more(full, alice, media, act):
    before = stored_bytes(media)
    with pytest.raises(Problem) as raised:
        act(alice, full)
    assert raised.value.code == "quota_exceeded"
    assert stored_bytes(media) == before == used(alice)


def test_an_image_of_a_full_account_is_shown_and_not_kept(model, alice, alice_client, media, settings):
    upload = create_prediction(owner=alice, data=DATA, source="upload").upload
    settings.QUOTA_BYTES = used(alice)
    for name in ("thumbnail", "picture"):
        answer = alice_client.get(f"/uploads/{upload.pk}/{name}/")
        assert answer.status_code == 200
        assert answer.getvalue()
    assert used(alice) == stored_bytes(media)


def test_the_maps_of_a_full_account_are_not_drawn_until_there_is_room(model, alice, alice_client, media, settings):
    upload = create_prediction(owner=alice, data=DATA, source="upload", draw_maps=True).upload
    settings.QUOTA_BYTES = used(alice)
    run_waiting_jobs()
    page = f"/uploads/{upload.pk}/"
    assert "storage quota is used up" in alice_client.get(page).content.decode()
    assert used(alice) == stored_bytes(media)
    settings.QUOTA_BYTES *= 100
    alice_client.get(page)
    run_waiting_jobs()
    assert Job.objects.get().state == Job.State.DONE
    assert used(alice) == stored_bytes(media)


# --- The disk --------------------------------------------------------------------------------------------


def test_below_the_floor_nothing_new_is_stored_and_the_rest_works(drawing, alice, alice_client, media, settings):
    before = stored_bytes(media)
    settings.DISK_FLOOR_BYTES = 2**62
    assert not disk.has_disk_space()
    for act in (
        lambda: create_prediction(owner=alice, data=DATA, source="upload"),
        lambda: intake.add_files(intake.new_batch(owner=alice), [("a.png", ContentFile(DATA))]),
        lambda: reread_upload(drawing, "digit"),
    ):
        with pytest.raises(Problem) as raised:
            act()
        assert (raised.value.code, raised.value.status) == ("storage_full", 507)
    assert stored_bytes(media) == before
    assert alice_client.get(f"/uploads/{drawing.pk}/").status_code == 200
    corrections.correct(prediction=Prediction.objects.get(), by=alice, kind="correct", text="1")


def test_below_the_floor_maps_wait_and_batches_are_read(model, alice, media, settings):
    batch = intake.create_batch(owner=alice)
    intake.add_files(batch, [("a.png", ContentFile(DATA))])
    create_prediction(owner=alice, data=DATA, source="upload", draw_maps=True)
    settings.DISK_FLOOR_BYTES = 2**62
    for job in list(Job.objects.all()):
        runs.run_job(claim(job))
    states = dict(Job.objects.values_list("kind", "state"))
    assert states == {Job.Kind.FEATURE_MAPS: "waiting", Job.Kind.BATCH_CHUNK: "done"}
    assert Job.objects.get(kind=Job.Kind.FEATURE_MAPS).attempts == 0
    assert Upload.objects.get(source="batch").thumbnail.name == ""


def test_the_floor_counts_the_volume_of_a_folder_that_does_not_exist_yet(tmp_path):
    assert disk.free_bytes(tmp_path / "a" / "b") > 0


# --- The recount -----------------------------------------------------------------------------------------


def test_a_recount_of_what_is_right_changes_nothing(drawing, alice, media):
    corrections.correct(prediction=Prediction.objects.get(), by=alice, kind="correct", text="1")
    report = recount()
    assert (report.uploads, report.corrected_uploads, report.corrections) == (1, 0, {})


def test_a_recount_corrects_rows_of_an_earlier_release(drawing, alice, bob, media, capsys):
    batch = intake.create_batch(owner=alice)
    intake.add_files(batch, [("b.png", ContentFile(digit_png(4)[:300]))])
    run_waiting_jobs()
    Upload.objects.update(derived_bytes=0)
    FeatureMap.objects.update(bytes=0)
    BatchItem.objects.update(bytes=0)
    Usage.objects.update(bytes=len(DATA), pictures=7)
    call_command("recount_usage", "--user", "alice")
    assert used(alice) == stored_bytes(media)
    assert Usage.objects.get().pictures == 2
    assert f"alice: {len(DATA)} bytes corrected to" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_a_recount_removes_superseded_maps_that_an_earlier_release_left(drawing, alice, media):
    Prediction.objects.update(is_current=False)
    assert recount(seconds=0.0).uploads <= 1
    recount()
    assert not FeatureMap.objects.exists()
    assert not list((media / "feature-maps").rglob("*.png"))
    assert used(alice) == stored_bytes(media)


def test_a_recount_of_many_pictures_visits_each_once(model, alice, media):
    for data in varied_pngs(7, size=60):
        create_prediction(owner=alice, data=data, source="api")
    Upload.objects.update(derived_bytes=1)
    report = recount()
    assert (report.uploads, report.corrected_uploads) == (7, 7)
