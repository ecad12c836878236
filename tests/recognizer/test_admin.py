"""Admins look at everything and change no evidence."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from PIL import Image

from mlcore.artifact import SHIPPED
from recognizer.models import FeatureMap, Upload
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db

EVIDENCE = ["upload", "prediction", "glyph", "featuremap", "correction", "modelversion", "job", "batch"]


@pytest.fixture
def prediction(alice, model, media):
    return create_prediction(owner=alice, data=digit_png(7), source="upload", name="seven.png", draw_maps=True)


@pytest.mark.parametrize("name", [*EVIDENCE, "apitoken"])
def test_every_list_opens_and_can_be_searched(admin_client, prediction, name):
    listed = reverse(f"admin:recognizer_{name}_changelist")
    assert admin_client.get(listed).status_code == 200
    assert admin_client.get(listed, {"q": "seven"}).status_code == 200


@pytest.mark.parametrize("name", ["upload", "prediction", "glyph", "featuremap"])
def test_a_list_asks_the_same_few_questions_however_long_it_is(
    admin_client, prediction, alice, name, django_assert_max_num_queries
):
    listed = reverse(f"admin:recognizer_{name}_changelist")
    for _ in range(5):
        create_prediction(owner=alice, data=digit_png(3), source="upload", draw_maps=True)
    with django_assert_max_num_queries(12):
        admin_client.get(listed)


def test_the_first_page_counts_and_tells_of_the_worker(admin_client, prediction):
    page = admin_client.get(reverse("admin:index")).content.decode()
    assert "Accounts: 2. Pictures: 1," in page
    assert f"Active model: {SHIPPED.name}." in page
    assert "1 waiting, 0 running, 0 failed" in page
    assert "The job queue cannot be reached." in page
    assert "Batches" in page


@pytest.mark.parametrize(
    ("days_ago", "query", "offered"),
    [
        (2, {}, ["March 3", "March 4", "March 5"]),
        (40, {}, ["January 2026", "February 2026", "March 2026"]),
        (400, {}, ["2025", "2026"]),
        (400, {"given_at__year": 2026}, ["March 2026"]),
    ],
)
def test_the_dates_between_the_first_and_the_last_are_offered(admin_client, given, days_ago, query, offered):
    last = datetime(2026, 3, 5, 12, tzinfo=UTC)
    given("1", at=last), given("2", at=last - timedelta(days=days_ago))
    page = admin_client.get(reverse("admin:recognizer_prediction_changelist"), query).content.decode()
    (bar,) = re.findall(r'class="toplinks".*?</nav>', page, re.DOTALL)
    assert [name.strip() for name in re.findall(r">([^<]+)</a>", bar)][-len(offered) :] == offered


@pytest.mark.parametrize("name", EVIDENCE)
def test_evidence_is_neither_added_nor_changed(admin_client, prediction, name):
    assert admin_client.get(reverse(f"admin:recognizer_{name}_add")).status_code == 403


def test_what_a_row_says_cannot_be_posted(admin_client, prediction):
    change = reverse("admin:recognizer_prediction_change", args=[prediction.pk])
    assert admin_client.get(change).status_code == 200
    assert admin_client.post(change, {"text": "1"}).status_code == 403


def test_staff_see_the_pictures_of_the_rows_they_may_see(admin_client, prediction):
    upload = reverse("admin:upload_picture", args=[prediction.upload_id])
    glyph = reverse("admin:glyph_picture", args=[prediction.glyphs.get().pk])
    assert [admin_client.get(url).status_code for url in (upload, glyph)] == [200, 200]


def test_a_map_that_waits_has_no_picture(admin_client, prediction):
    waiting = FeatureMap.objects.first()
    assert admin_client.get(reverse("admin:feature_map_picture", args=[waiting.pk])).status_code == 404


def test_staff_without_the_permission_see_no_picture(prediction):
    clerk = User.objects.create_user("clerk", password="clerk-password", is_staff=True)
    client = Client()
    client.force_login(clerk)
    pictures = [
        reverse(f"admin:{name}", args=[prediction.upload_id]) for name in ("upload_picture", "upload_full_picture")
    ]
    assert [client.get(picture).status_code for picture in pictures] == [403, 403]
    clerk.user_permissions.add(Permission.objects.get(codename="view_upload"))
    assert [client.get(picture).status_code for picture in pictures] == [200, 200]


@pytest.fixture
def drawn(prediction) -> FeatureMap:
    feature_map = prediction.glyphs.get().feature_maps.first()
    feature_map.drawn_at, feature_map.columns = prediction.created_at, 1
    feature_map.image.save("map.png", ContentFile(digit_png()), save=True)
    return feature_map


def picture_links(client: Client, name: str, row: Model) -> list[str]:
    """Where the page of a record leads, beyond the admin's own pages."""
    page = client.get(reverse(f"admin:recognizer_{name}_change", args=[row.pk])).content.decode()
    (fieldset,) = re.findall(r"<fieldset.*?</fieldset>", page, re.DOTALL)
    return [link for link in re.findall(r'(?:href|src)="([^"]+)"', fieldset) if not link.endswith("/change/")]


def test_every_picture_on_the_page_of_a_record_can_be_opened(admin_client, prediction, drawn):
    glyph = prediction.glyphs.get()
    for name, row in (("upload", prediction.upload), ("glyph", glyph), ("featuremap", drawn)):
        links = picture_links(admin_client, name, row)
        assert len(links) == 2
        assert {admin_client.get(link).status_code for link in links} == {200}


def test_a_picture_is_opened_in_full_and_its_original_is_only_named(admin_client, alice, model):
    upload = create_prediction(owner=alice, data=digit_png(7, size=900), source="upload").upload
    full, small = (admin_client.get(link) for link in picture_links(admin_client, "upload", upload))
    sizes = [Image.open(BytesIO(b"".join(picture))).size for picture in (full, small)]
    assert sizes[0] == (900, 900)
    assert sizes[1] < sizes[0]
    page = admin_client.get(reverse("admin:recognizer_upload_change", args=[upload.pk])).content.decode()
    assert upload.original.name in page


def test_the_page_of_a_map_that_waits_has_no_link_to_it(admin_client, prediction):
    assert picture_links(admin_client, "featuremap", FeatureMap.objects.first()) == []


def test_others_are_sent_to_the_login(alice_client, prediction):
    for name in ("upload_picture", "upload_full_picture"):
        assert alice_client.get(reverse(f"admin:{name}", args=[prediction.upload_id])).status_code == 302
    assert Upload.objects.count() == 1
