"""Admins can see all evidence and cannot change it."""

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


@pytest.mark.parametrize("name", [*EVIDENCE, "apitoken", "notice"])
def test_every_list_opens_and_can_be_searched(admin_client, prediction, name):
    listed = reverse(f"admin:recognizer_{name}_changelist")
    assert admin_client.get(listed).status_code == 200
    assert admin_client.get(listed, {"q": "seven"}).status_code == 200


@pytest.mark.parametrize("name", ["upload", "prediction", "glyph", "featuremap"])
def test_the_number_of_queries_does_not_depend_on_the_length_of_a_list(
    admin_client, prediction, alice, name, django_assert_max_num_queries
):
    listed = reverse(f"admin:recognizer_{name}_changelist")
    for _ in range(5):
        create_prediction(owner=alice, data=digit_png(3), source="upload", draw_maps=True)
    with django_assert_max_num_queries(12):
        admin_client.get(listed)


def test_the_index_shows_counts_and_the_state_of_the_worker(admin_client, prediction):
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
def test_the_date_hierarchy_offers_all_dates_from_first_to_last(admin_client, add_prediction, days_ago, query, offered):
    last = datetime(2026, 3, 5, 12, tzinfo=UTC)
    add_prediction("1", at=last), add_prediction("2", at=last - timedelta(days=days_ago))
    page = admin_client.get(reverse("admin:recognizer_prediction_changelist"), query).content.decode()
    (bar,) = re.findall(r'class="toplinks".*?</nav>', page, re.DOTALL)
    assert [name.strip() for name in re.findall(r">([^<]+)</a>", bar)][-len(offered) :] == offered


@pytest.mark.parametrize("name", EVIDENCE)
def test_evidence_cannot_be_added(admin_client, prediction, name):
    assert admin_client.get(reverse(f"admin:recognizer_{name}_add")).status_code == 403


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
