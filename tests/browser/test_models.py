"""The pages of models as a trainer uses them, at the width of a phone."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from recognizer.models import ModelVersion, Promotion, Training
from recognizer.services.history.corrections import correct
from recognizer.services.learning.consent import choose_looks_of_trainers, choose_training_consent
from recognizer.services.reading.predictions import create_prediction
from tests.browser.hand import press_twice
from tests.browser.test_every_page import accessibility_violations
from tests.pictures import digit_png
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


def test_a_double_click_sends_a_model_once(alice_page: Page, alice: User, model: ModelVersion):
    alice.user_permissions.add(Permission.objects.get(codename="trainer"))
    alice_page.goto(reverse("model_versions"))
    archive = {"name": "model.zip", "mimeType": "application/zip", "buffer": b"not an archive"}
    alice_page.get_by_label("Upload a model as a ZIP file").set_input_files([archive])
    upload = alice_page.get_by_role("button", name="Upload model")
    assert len(press_twice(alice_page, upload, f"**{reverse('model_upload')}")) == 1
    expect(alice_page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize("width", [390, 320])
def test_texts_of_plots_are_large_enough_on_a_phone(alice_page: Page, model: ModelVersion, width: int):
    alice_page.set_viewport_size({"width": width, "height": 844})
    alice_page.goto(reverse("model_card", args=[model.version]))
    alice_page.locator("details.card-more").evaluate("(more) => { more.open = true }")
    sizes = alice_page.locator(".plot-drawing text").evaluate_all(
        """(texts) => texts.map((text) => {
          const { a, b } = text.getScreenCTM();
          return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
        })"""
    )
    assert len(sizes) > 50
    assert min(sizes) >= 11


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


def test_a_trainer_sees_pictures_of_others_while_they_allow_it(alice_page: Page, alice: User, bob: User, model, media):
    alice.user_permissions.add(Permission.objects.get(codename="trainer"))
    choose_training_consent(bob, is_given=True)
    prediction = create_prediction(owner=bob, data=digit_png(7), source="upload", mode="digit")
    correct(prediction=prediction, by=bob, kind="correct", text="1")
    alice_page.set_viewport_size({"width": 320, "height": 700})
    labels, picture = alice_page.locator("#labels"), alice_page.get_by_alt_text("A picture of somebody else")

    alice_page.goto(reverse("trainings"))
    alice_page.get_by_role("link", name="Pictures of other people").click()
    expect(labels).to_contain_text("1 is not shown, because its owner does not let trainers look at pictures.")
    expect(picture).to_have_count(0)

    choose_looks_of_trainers(bob, is_given=True)
    alice_page.reload()
    expect(labels).to_contain_text("Digit 1: the owner said 1, it looks like 7")
    picture.scroll_into_view_if_needed()
    width = picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }")
    assert width == prediction.upload.width
    assert alice_page.evaluate("document.documentElement.scrollWidth") <= 320
    assert accessibility_violations(alice_page) == []

    choose_looks_of_trainers(bob, is_given=False)
    alice_page.reload()
    expect(picture).to_have_count(0)


def test_a_person_lets_trainers_look_and_ends_it(alice_page: Page, alice: User):
    alice_page.goto(reverse("account"))
    for button, said in (
        ("Let trainers look", "Saved. Trainers may look at your pictures."),
        ("Do not let trainers look", "Saved. Trainers cannot look at your pictures."),
    ):
        alice_page.get_by_role("button", name=button, exact=True).click()
        expect(alice_page.get_by_role("status").first).to_have_text(said)
        expect(alice_page.get_by_role("button", name=button, exact=True)).to_have_attribute("aria-pressed", "true")
