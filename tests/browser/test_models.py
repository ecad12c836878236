"""The pages of models as a trainer uses them, at the width of a phone."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from playwright.sync_api import Page, expect

from recognizer.models import ModelVersion

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
    expect(alice_page.get_by_role("heading", level=1)).to_contain_text("Water meters")
    expect(alice_page.get_by_role("row", name="Given another title")).to_contain_text("alice")
    alice_page.goto(reverse("model_versions"))
    alice_page.get_by_label("Day").fill("2020-01-31")
    alice_page.get_by_role("button", name="Show the model of this day").click()
    expect(alice_page.locator("#active-on-day")).to_contain_text("No model was active on 31 Jan 2020.")
    expect(alice_page.get_by_label("Upload a model as a ZIP file")).to_be_visible()
