"""Admins can see all evidence and cannot change it."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from io import BytesIO

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from PIL import Image

from mlcore.artifact import SHIPPED
from recognizer.models import Batch, FeatureMap, Job, Prediction, Upload
from recognizer.services.batches import intake
from recognizer.services.history import corrections
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.reading.expected import expect
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.presets import create_preset
from recognizer.services.work import jobs
from recognizer.templatetags.administration import GROUPS
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading

pytestmark = pytest.mark.django_db

EVIDENCE = ["upload", "prediction", "glyph", "featuremap", "correction", "modelversion", "job", "batch", "batchitem"]


@pytest.fixture
def prediction(alice, model, media):
    return create_prediction(owner=alice, data=digit_png(7), source="upload", name="seven.png", draw_maps=True)


@pytest.mark.parametrize("name", [*EVIDENCE, "apitoken", "notice"])
def test_every_list_opens_and_can_be_searched(admin_client, prediction, name):
    listed = reverse(f"admin:recognizer_{name}_changelist")
    assert admin_client.get(listed).status_code == 200
    assert admin_client.get(listed, {"q": "seven"}).status_code == 200


@pytest.mark.parametrize(
    "name", ["upload", "prediction", "glyph", "featuremap", "correction", "job", "batch", "batchitem", "stream"]
)
def test_the_number_of_queries_does_not_depend_on_the_length_of_a_list(
    admin_client, prediction, alice, name, django_assert_max_num_queries
):
    listed = reverse(f"admin:recognizer_{name}_changelist")
    for _ in range(5):
        row = create_prediction(owner=alice, data=digit_png(3), source="upload", draw_maps=True)
        corrections.correct(prediction=row, by=alice, kind="confirm")
        intake.add_files(intake.create_batch(owner=alice), [("3.png", ContentFile(digit_png(3)))])
    with django_assert_max_num_queries(12):
        admin_client.get(listed)


def test_the_page_of_a_batch_links_to_its_files_and_lists_none(
    admin_client, alice, model, media, django_assert_max_num_queries
):
    batch, other = (intake.create_batch(owner=alice) for _ in range(2))
    intake.add_files(batch, [(f"meter-{n}.png", ContentFile(digit_png(3))) for n in range(60)])
    intake.add_files(other, [("strange.png", ContentFile(digit_png(3)))])
    with django_assert_max_num_queries(12):
        page = admin_client.get(reverse("admin:recognizer_batch_change", args=[batch.pk])).content.decode()
    assert "meter-1.png" not in page
    (url,) = re.findall(r'href="([^"]*/batchitem/\?[^"]*)"', page)
    with django_assert_max_num_queries(12):
        listed = admin_client.get(unescape(url)).content.decode()
    assert "strange.png" not in listed
    assert re.findall(r"meter-\d+\.png", listed) == [f"meter-{n}.png" for n in range(50)]


def test_the_index_shows_counts_and_the_state_of_the_worker(admin_client, prediction):
    page = admin_client.get(reverse("admin:index")).content.decode()
    (status,) = re.findall(r'<div class="admin-status">.*?<div class="admin-groups">', page, re.DOTALL)
    told = " ".join(re.sub(r"<[^>]+>", " ", status).split())
    assert "Accounts 2 Pictures 1 " in told
    assert f"Active model {SHIPPED.name} " in told
    assert "1 waiting 0 running 0 failed" in told
    assert "The job queue cannot be reached." in told


def test_every_kind_of_record_is_in_one_group_of_the_index():
    grouped = [name for _title, names in GROUPS for name in names]
    assert sorted(grouped) == sorted(model.__name__ for model in admin.site._registry)


def test_filters_and_dates_are_shown_where_there_is_something_to_narrow_down(admin_client, add_prediction):
    listed = reverse("admin:recognizer_prediction_changelist")
    add_prediction("1")
    assert 'class="admin-filter' not in admin_client.get(listed).content.decode()
    assert 'class="admin-filter"' in admin_client.get(listed, {"decision__exact": "read"}).content.decode()
    for _ in range(6):
        add_prediction("2")
    assert 'class="admin-filter"' in admin_client.get(listed).content.decode()


def test_an_empty_list_says_what_was_searched_for_and_how_to_see_all(admin_client, prediction):
    page = admin_client.get(reverse("admin:recognizer_upload_changelist"), {"q": "no-such-name"}).content.decode()
    assert "No upload matches “no-such-name”." in page
    assert '<a class="button button-small" href="?">Show all</a>' in page


@pytest.mark.parametrize(
    ("days_ago", "query", "offered"),
    [
        (2, {}, ["March 3", "March 4", "March 5"]),
        (40, {}, ["January 2026", "February 2026", "March 2026"]),
        (400, {}, ["2025", "2026"]),
        (400, {"given_at__year": 2026}, ["March 2026"]),
    ],
)
def test_the_date_hierarchy_offers_all_dates_from_first_to_last(admin_client, add_prediction, days_ago, query, offered):
    last = datetime(2026, 3, 5, 12, tzinfo=UTC)
    for day in (last, last - timedelta(days=days_ago)) * 6:
        add_prediction("1", at=day)
    page = admin_client.get(reverse("admin:recognizer_prediction_changelist"), query).content.decode()
    (bar,) = re.findall(r'class="toplinks".*?</nav>', page, re.DOTALL)
    assert [name.strip() for name in re.findall(r">([^<]+)</a>", bar)][-len(offered) :] == offered


@pytest.mark.parametrize("name", EVIDENCE)
def test_evidence_cannot_be_added(admin_client, prediction, name):
    assert admin_client.get(reverse(f"admin:recognizer_{name}_add")).status_code == 403


def test_a_reason_and_unread_writing_are_told_in_words(admin_client, prediction):
    unread = [{"box": [1, 2, 30, 40], "kind": "mark"}]
    rows = Prediction.objects.filter(pk=prediction.pk)
    rows.update(decision="unsure", reason="unread_ink", unread=unread)
    listed = admin_client.get(reverse("admin:recognizer_prediction_changelist"), {"reason": "unread_ink"})
    page = admin_client.get(reverse("admin:recognizer_prediction_change", args=[prediction.pk])).content.decode()
    for shown in (listed.content.decode(), page):
        assert "Writing that was not read" in shown
    assert "Dashed: not read (1 mark)." in page
    assert '<rect class="is-unread" x="1" y="2" width="30" height="40" />' in page
    assert "&quot;kind&quot;" not in page


def test_signs_lines_and_what_was_expected_are_told_in_words(admin_client, model, alice):
    preset = create_preset(owner=alice, name="Amounts", mode="lines", fields={"decimals": "2"})
    reading = make_reading("-19.50\n12", decision="unsure", reason="unexpected")
    prediction = store_reading(reading, owner=alice, expected=expect(preset, {}))
    page = admin_client.get(reverse("admin:recognizer_prediction_change", args=[prediction.pk])).content.decode()
    assert "“-” 90.0\N{NO-BREAK SPACE}%, “.” 90.0\N{NO-BREAK SPACE}%" in page
    assert "Amounts: 2 decimals" in page
    lines = re.findall(
        r"<tr><td><strong>([^<]+)</strong></td><td><span [^>]+>([^<]+)</span></td><td>([^<]+)</td>", page
    )
    assert lines == [("-19.50", "Not sure", "Not what is expected"), ("12", "Not sure", "Not what is expected")]
    assert "before_glyph" not in page
    batch = Batch.objects.create(owner=alice, name="May", mode="lines", expected=prediction.expected)
    for name, row in (("batch", batch), ("preset", preset)):
        page = admin_client.get(reverse(f"admin:recognizer_{name}_change", args=[row.pk])).content.decode()
        assert "2 decimals" in page
        assert "&quot;decimals&quot;" not in page


def test_an_unsure_answer_tells_why_and_marks_its_least_certain_digit(admin_client, model, alice):
    reading = make_reading("71\n305", decision="unsure", confidence=0.5, doubtful=3)
    prediction = store_reading(reading, owner=alice)
    page = admin_client.get(reverse("admin:recognizer_prediction_change", args=[prediction.pk])).content.decode()
    assert "<p>A line is not sure</p>" in page
    assert len(re.findall(r"<td>Confidence below \d\d\.\d\s%</td>", page)) == 2
    groups = re.findall(r'evidence-digits-of">([^<]+)<.*?<ol(.*?)</ol>', page, re.DOTALL)
    assert [(number, group.count("<li"), group.count("least certain")) for number, group in groups] == [
        ("71", 2, 0),
        ("305", 3, 1),
    ]


def test_the_comparison_of_a_model_is_a_table(admin_client, model):
    check = {"name": "digit_7", "active": 0.998, "candidate": 0.961, "bound": 0.01, "limit": 0.05, "passed": False}
    type(model).objects.filter(pk=model.pk).update(gate={"passed": False, "against": "digits-1", "checks": [check]})
    page = admin_client.get(reverse("admin:recognizer_modelversion_change", args=[model.pk])).content.decode()
    assert "The digit 7 read right" in page
    assert "96.1\N{NO-BREAK SPACE}%" in page
    assert "&quot;candidate&quot;" not in page


def test_evidence_cannot_be_changed(admin_client, prediction):
    change = reverse("admin:recognizer_prediction_change", args=[prediction.pk])
    assert admin_client.get(change).status_code == 200
    assert admin_client.post(change, {"text": "1"}).status_code == 403


def test_staff_see_the_pictures_of_rows_that_they_may_see(admin_client, prediction):
    upload = reverse("admin:upload_picture", args=[prediction.upload_id])
    glyph = reverse("admin:glyph_picture", args=[prediction.glyphs.get().pk])
    assert [admin_client.get(url).status_code for url in (upload, glyph)] == [200, 200]


def test_a_pending_feature_map_has_no_picture(admin_client, prediction):
    waiting = FeatureMap.objects.first()
    assert admin_client.get(reverse("admin:feature_map_picture", args=[waiting.pk])).status_code == 404


def test_staff_without_permission_see_no_picture(prediction):
    employee = User.objects.create_user("employee", password="employee-password", is_staff=True)
    client = Client()
    client.force_login(employee)
    pictures = [
        reverse(f"admin:{name}", args=[prediction.upload_id]) for name in ("upload_picture", "upload_full_picture")
    ]
    assert [client.get(picture).status_code for picture in pictures] == [403, 403]
    employee.user_permissions.add(Permission.objects.get(codename="view_upload"))
    assert [client.get(picture).status_code for picture in pictures] == [200, 200]


@pytest.fixture
def drawn(prediction) -> FeatureMap:
    feature_map = prediction.glyphs.get().feature_maps.first()
    feature_map.drawn_at, feature_map.columns = prediction.created_at, 1
    feature_map.image.save("map.png", ContentFile(digit_png()), save=True)
    return feature_map


def picture_links(client: Client, name: str, row: Model) -> list[str]:
    """Return the links on a row's page, without links to other admin pages."""
    page = client.get(reverse(f"admin:recognizer_{name}_change", args=[row.pk])).content.decode()
    (fieldset,) = re.findall(r"<fieldset.*?</fieldset>", page, re.DOTALL)
    return [link for link in re.findall(r'(?:href|src)="([^"]+)"', fieldset) if not link.endswith("/change/")]


def test_every_picture_on_a_rows_page_can_be_opened(admin_client, prediction, drawn):
    glyph = prediction.glyphs.get()
    for name, row in (("upload", prediction.upload), ("glyph", glyph), ("featuremap", drawn)):
        links = picture_links(admin_client, name, row)
        assert len(links) == 2
        assert {admin_client.get(link).status_code for link in links} == {200}


def test_a_picture_links_to_its_full_size_and_the_original_is_only_named(admin_client, alice, model):
    upload = create_prediction(owner=alice, data=digit_png(7, size=900), source="upload").upload
    full, small = (admin_client.get(link) for link in picture_links(admin_client, "upload", upload))
    sizes = [Image.open(BytesIO(b"".join(picture))).size for picture in (full, small)]
    assert sizes[0] == (900, 900)
    assert sizes[1] < sizes[0]
    page = admin_client.get(reverse("admin:recognizer_upload_change", args=[upload.pk])).content.decode()
    assert upload.original.name in page


def test_the_page_of_a_pending_feature_map_has_no_link_to_a_picture(admin_client, prediction):
    assert picture_links(admin_client, "featuremap", FeatureMap.objects.first()) == []


def test_users_who_are_not_staff_are_sent_to_the_login(alice_client, prediction):
    for name in ("upload_picture", "upload_full_picture"):
        assert alice_client.get(reverse(f"admin:{name}", args=[prediction.upload_id])).status_code == 302
    assert Upload.objects.count() == 1


def test_a_prediction_shows_its_picture_digits_and_corrections(admin_client, prediction, alice):
    corrections.correct(prediction=prediction, by=alice, kind="correct", text="1")
    page = admin_client.get(reverse("admin:recognizer_prediction_change", args=[prediction.pk])).content.decode()
    glyph = prediction.glyphs.get()
    assert reverse("admin:upload_full_picture", args=[prediction.upload_id]) in page
    assert f'<rect x="{glyph.x}" y="{glyph.y}" width="{glyph.width}" height="{glyph.height}" />' in page
    assert reverse("admin:glyph_picture", args=[glyph.pk]) in page
    assert "corrected <strong>1</strong>" in page
    Upload.objects.update(original="", picture="", thumbnail="")
    page = admin_client.get(reverse("admin:recognizer_prediction_change", args=[prediction.pk])).content.decode()
    assert "The picture was removed." in page


def test_rows_link_to_the_lists_of_what_belongs_to_them(admin_client, prediction, alice):
    corrections.correct(prediction=prediction, by=alice, kind="confirm")
    rows = {
        "recognizer_upload": prediction.upload,
        "recognizer_prediction": prediction,
        "recognizer_glyph": prediction.glyphs.get(),
        "recognizer_modelversion": prediction.model,
        "auth_user": alice,
    }
    for name, row in rows.items():
        page = admin_client.get(reverse(f"admin:{name}_change", args=[row.pk])).content.decode()
        (tools,) = re.findall(r'<ul class="object-tools">.*?</ul>', page, re.DOTALL)
        links = [unescape(link) for link in re.findall(r'href="([^"]+\?[^"]+)"', tools)]
        assert links, name
        for link in links:
            listed = admin_client.get(link)
            assert listed.status_code == 200, link  # a filter that is not allowed would redirect


def test_staff_see_links_only_to_lists_that_they_may_open(prediction):
    employee = User.objects.create_user("employee", password="employee-password", is_staff=True)
    employee.user_permissions.add(Permission.objects.get(codename="view_upload"))
    employee.user_permissions.add(Permission.objects.get(codename="view_correction"))
    client = Client()
    client.force_login(employee)
    page = client.get(reverse("admin:recognizer_upload_change", args=[prediction.upload_id])).content.decode()
    assert "correction/?upload__id__exact" in page
    assert "prediction/?upload__id__exact" not in page


def test_a_model_shows_its_plots_instead_of_json(admin_client, model):
    page = admin_client.get(reverse("admin:recognizer_modelversion_change", args=[model.pk])).content.decode()
    assert 'id="card-confusion"' in page
    assert 'class="plot-drawing"' in page
    assert "&quot;temperature&quot;" not in page


@pytest.mark.parametrize("name", ["upload", "prediction", "correction", "modelversion", "job", "batch"])
def test_lists_begin_with_the_newest(name):
    listing = admin.site.get_model_admin(apps.get_model("recognizer", name))
    assert listing.ordering[0] in ("-created_at", "-given_at")


def run_action(client: Client, name: str, action: str, *rows: Model) -> str:
    listed = reverse(f"admin:recognizer_{name}_changelist")
    page = client.post(listed, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)
    return unescape(page.content.decode())


def test_actions_say_what_they_did_and_what_they_left_out(admin_client, prediction, alice):
    waiting = Job.objects.get()
    failed = jobs.create_job(Job.Kind.RESCORE, "bulk", payload={"ids": [], "version": str(prediction.model_id)})
    failed.state = Job.State.FAILED
    failed.save()
    said = run_action(admin_client, "job", "cancel", waiting, failed)
    assert "Cancelled: 1 of 2 jobs. Only jobs that wait or run can be cancelled." in said
    assert "Retried: 2 of 2 jobs." in run_action(admin_client, "job", "retry", waiting, failed)
    said = run_action(admin_client, "upload", "rescore", prediction.upload)
    assert f"Read again with {SHIPPED.name}: none of 1 picture. Left out is what {SHIPPED.name} has read before" in said
    said = run_action(admin_client, "prediction", "draw_maps_again", prediction)
    assert "Maps redrawn: none of 1 prediction. Left out is what is being drawn" in said
    jobs.cancel_jobs(Job.objects.all())
    assert "Maps redrawn: 1 of 1 prediction." in run_action(admin_client, "prediction", "draw_maps_again", prediction)


def test_a_batch_of_an_account_that_is_deleted_says_why_it_is_not_retried(admin_client, alice, model, media):
    batch = intake.create_batch(owner=alice, name="holiday.zip")
    batch.items.create(position=0, name="1.png", state="failed", error_code="internal_error", staged="x")
    request_deletion(alice)
    said = run_action(admin_client, "batch", "retry", batch)
    assert "is being deleted" in said or "are being deleted" in said
