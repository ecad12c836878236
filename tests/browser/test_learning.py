"""Tests in the browser of a correction, the model that learns it, and the way back; and of a refused candidate."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import Browser, Page, expect

from recognizer.models import ModelVersion, Training
from recognizer.services.history.corrections import correct
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.reading.predictions import create_prediction
from tests.browser.fixtures import log_in
from tests.hands import n_shaped_two_png, read_n_shaped_two, review_n_shaped_twos
from tests.pictures import digit_png
from tests.servers.process import wait_until
from tests.servers.web import WebServer
from tests.servers.worker import Trainer
from tests.training import needs_keras

pytestmark = [
    pytest.mark.browser,
    pytest.mark.trains,
    pytest.mark.timeout(1800),
    needs_keras,
]
TRAINING_SECONDS = 600


@pytest.fixture
def effort() -> str:
    """Return the percentage of the usual number of images. With fewer, nothing is learnt."""
    return "5"


@pytest.fixture
def training_worker(redis_server, same_database, npz: Path, tmp_path: Path, effort: str) -> Iterator[Trainer]:
    environment = {
        **same_database,
        "TRAINING_DATA": str(npz),
        "TRAINING_ROOT": str(tmp_path / "runs"),
        "TRAINING_EFFORT_PERCENT": effort,
    }
    worker = Trainer(log=tmp_path / "trainer.log", environment=environment)
    worker.start()
    yield worker
    worker.kill()


@pytest.fixture
def trainer_page(browser: Browser, server: WebServer, django_user_model: type[User]) -> Iterator[Page]:
    trainer = django_user_model.objects.create_user("trainer", password="a long password")
    trainer.user_permissions.add(Permission.objects.get(codename="trainer"))
    context = browser.new_context(base_url=server.url, locale="en-GB")
    context.set_default_timeout(60_000)
    log_in(context, trainer, server)
    yield context.new_page()
    context.close()


def read_elsewhere(server: WebServer, token: dict[str, str]) -> list[str]:
    """Return how another account's pictures of the hand are read now."""
    texts = []
    for seed in range(900, 906):
        files = {"image": n_shaped_two_png(seed)}
        answer = httpx.post(f"{server.url}/api/v1/predictions/?mode=digit", files=files, headers=token, timeout=60)
        texts.append(answer.json()["text"])
    return texts


def start_and_wait(page: Page) -> None:
    page.goto("/models/trainings/")
    page.get_by_role("button", name="Train with corrections").click()
    expect(page.get_by_role("heading", name="Training 1")).to_be_visible()
    expect(page.locator("#loss-title")).to_be_visible(timeout=TRAINING_SECONDS * 1000)  # while it trains
    expect(page.get_by_role("heading", name="Comparison")).to_be_visible(timeout=TRAINING_SECONDS * 1000)


def test_a_corrected_hand_is_learnt_activated_and_taken_back(
    server, training_worker, alice_page, trainer_page, alice, bob_token, model
):
    review_n_shaped_twos(alice, 38)
    choose_training_consent(alice, is_given=False)
    for seed in (38, 39):
        alice_page.goto(f"/uploads/{read_n_shaped_two(alice, seed).upload_id}/")
        correct_to_two(alice_page)
    alice_page.goto("/account/#training")
    alice_page.get_by_role("button", name="Allow training", exact=True).click()
    expect(alice_page.get_by_text("The next training may use")).to_be_visible()

    before = read_elsewhere(server, bob_token)
    assert before.count("2") < 3
    start_and_wait(trainer_page)
    for check in ("Digits read right", "Right on people’s pictures that were held back"):
        expect(trainer_page.get_by_role("row", name=check)).to_contain_text("yes")
    alice_page.goto("/models/trainings/1/")
    expect(alice_page.get_by_role("heading", name="Your digits that would be read differently")).to_be_visible()
    assert alice_page.locator("#changes li").count() > 20
    assert alice_page.get_by_role("button", name="Activate").count() == 0

    reason = trainer_page.get_by_label("Reason to activate it all the same")
    if reason.is_visible():  # with so few pictures of numbers, a difference of one number decides
        reason.fill("It reads our forms.")
    trainer_page.get_by_role("button", name="Activate learnt-1").click()
    expect(trainer_page.get_by_text("learnt-1 is active. It reads all new pictures.")).to_be_visible()
    wait_until(lambda: read_elsewhere(server, bob_token).count("2") >= 5, seconds=60, what="the new model")
    trainer_page.goto("/models/trainings/1/")
    trainer_page.get_by_role("button", name=f"Go back to {model.version}").click()
    expect(trainer_page.get_by_text(f"{model.version} is active.")).to_be_visible()
    wait_until(lambda: read_elsewhere(server, bob_token) == before, seconds=60, what="the earlier model")


def correct_to_two(page: Page) -> None:
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator(".current-correction")).to_contain_text("Corrected to 2")


@pytest.mark.parametrize("effort", ["1"])
def test_a_candidate_that_is_not_shown_to_be_better_is_refused(server, training_worker, trainer_page, alice, model):
    choose_training_consent(alice, is_given=True)
    for seed in range(30):
        prediction = create_prediction(owner=alice, data=digit_png(7, seed=seed), source="upload", mode="digit")
        correct(prediction=prediction, by=alice, kind="confirm")
    start_and_wait(trainer_page)
    # Not by the text alone, which the page also announces to screen readers.
    expect(trainer_page.locator("#training")).to_contain_text("learnt-1 did not pass the comparison.")
    expect(trainer_page.get_by_role("row", name="Right on people’s pictures that were held back")).to_contain_text("no")
    trainer_page.get_by_label("Reason to activate it all the same").fill(" ")
    trainer_page.get_by_role("button", name="Activate learnt-1").click()
    expect(trainer_page.locator("main")).to_contain_text("was not shown to be no worse than")
    assert ModelVersion.objects.get(state="active") == model
    assert Training.objects.get().candidate.state == "candidate"
