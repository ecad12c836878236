"""The pages of models as a trainer uses them, at the width of a phone."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from recognizer.models import ModelVersion, Promotion, Training
from recognizer.services.history.corrections import correct
from tests.readings import make_reading, store_reading

pytestmark = pytest.mark.browser


def test_a_trainer_describes_a_model_and_finds_its_history(alice_page: Page, alice: User, model: ModelVersion):
    alice.user_permissions.add(Permission.objects.get(codename="trainer"))
    alice_page.set_viewport_size({"width": 320, "height": 700})
    for name, parts in (("model_versions", []), ("model_card", [model.version])):
        alice_page.goto(reverse(name, args=parts))
        assert alice_page.evaluate("document.documentElement.scrollWidth") <= 320
    alice_page.get_by_role("textbox", name="Title").fill("Water meters")
    alice_page.get_by_role("textbox", name="Note").fill("Since March.")
    alice_page.get_by_role("button", name="Save title and note").click()
    expect(alice_page.get_by_role("status").first).to_have_text("The title and the note were saved.")
    expect(alice_page.get_by_role("heading", level=1)).to_contain_text("Water meters")
    expect(alice_page.get_by_role("row", name="Given another title")).to_contain_text("alice")
    for _ in range(2):
        Promotion.objects.create(version=model)
    alice_page.goto(reverse("model_versions"))
    alice_page.get_by_label("Day").fill("2020-01-31")
    alice_page.get_by_role("button", name="Show the model of this day").click()
    expect(alice_page.locator("#active-on-day")).to_contain_text("No model was active on 31 Jan 2020.")
    expect(alice_page.get_by_label("Upload a model as a ZIP file")).to_be_visible()


def test_the_pages_of_quality_announce_what_was_saved(alice_page: Page, alice: User, model: ModelVersion):
    answer = store_reading(make_reading("1905"), owner=alice, mode="number")
    correct(prediction=answer, by=alice, kind="confirm")
    alice_page.goto(reverse("quality_stream", args=[answer.stream_id]))
    alice_page.get_by_role("radio", name="At most 2 %").check()
    alice_page.get_by_role("button", name="Save").click()
    expect(alice_page.get_by_role("status").first).to_have_text("Saved. It counts for answers from now on.")


def test_the_page_of_a_training_announces_how_it_ended(alice_page: Page, model: ModelVersion):
    training = Training.objects.create(number=1, base=model)
    alice_page.goto(reverse("training_detail", args=[1]))
    announcer = alice_page.locator("[data-announcer]")
    expect(announcer).to_have_text("")
    training.outcome, training.finished_at = Training.Outcome.CANCELLED, timezone.now()
    training.save()
    expect(announcer).to_have_text("The training was stopped. It made no candidate.")
