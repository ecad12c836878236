"""Checks of every page: accessibility, other hosts, size, width and the content security policy."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, Request

from recognizer.figures.drawings import draw_png
from recognizer.models import Batch, BatchItem, Preset, Training, Upload
from recognizer.services.batches import intake
from recognizer.services.exports.table_exports import request_table
from recognizer.services.history import bulk_actions, corrections
from recognizer.services.learning.consent import choose_looks_of_trainers, choose_training_consent
from recognizer.services.people.notices import tell_person
from recognizer.services.people.tokens import create_token
from recognizer.services.reading.expected import expect
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.presets import create_preset
from recognizer.words.notices import EXPORT_READY
from tests.browser.fixtures import log_in
from tests.ended_training import EPOCHS, HELD_BACK, PICTURES, create_ended_training
from tests.pictures import digit_png

pytestmark = pytest.mark.browser

# Pictures do not count for the size of a page.
PICTURE_PATHS = re.compile(r"/(thumbnail|picture|original|input|feature-maps)/|/feature-maps/|\.png$")
MAX_BYTES = 150_000


@pytest.fixture
def pages(alice, model) -> dict[str, str]:
    """Return the address of every page by name, each with some content."""
    number = create_prediction(owner=alice, data=draw_png("1905"), source="drawing", draw_maps=True)
    seven = create_prediction(owner=alice, data=digit_png(7), source="upload", name="seven.png", mode="digit")
    corrections.correct(prediction=seven, by=alice, kind="correct", text="1")
    type(number).objects.filter(pk=number.pk).update(decision="unsure")
    gone = create_prediction(owner=alice, data=digit_png(3), source="upload", mode="digit")
    bulk_actions.delete_uploads(alice, [gone.upload_id])
    batch = intake.create_batch(owner=alice, name="holiday.zip")
    batch.items.create(position=0, name="seven.png", state="done", upload=seven.upload)
    batch.items.create(position=1, name="text.png", state="failed", error_code="unsupported_format")
    tell_person(alice.pk, EXPORT_READY, link="/account/")
    preset = create_preset(owner=alice, name="Water meter", fields={"digits": "5", "check": "luhn"})
    meter = create_prediction(owner=alice, data=draw_png("1905"), source="upload", expected=expect(preset, {}))
    curves = {"epochs": EPOCHS, "pictures": PICTURES, "held_back": HELD_BACK}
    Training.objects.create(number=1, base=model, outcome=Training.Outcome.CANDIDATE, **curves)
    export = request_table(alice, title="holiday.zip", site="http://localhost", batch=batch)
    glyph = number.glyphs.all()[0]
    names = [
        "desk",
        "history",
        "history_deleted",
        "history_statistics",
        "quality",
        "review",
        "review_alike",
        "batches",
        "notices",
        "account",
        "presets",
        "preset_create",
        "about",
        "model_versions",
        "trainings",
        "quality_labels",
    ]
    address = EmailAddress.objects.create(user=alice, email="w" * 60 + "@example.org")
    return {name: reverse(name) for name in [*names, "password_change", "account_reauthenticate"]} | {
        "email": reverse("account_email_confirm", args=[EmailConfirmationHMAC.create(address).key]),
        "upload_detail": reverse("upload_detail", args=[number.upload_id]),
        "unexpected": reverse("upload_detail", args=[meter.upload_id]),
        "preset_edit": reverse("preset_edit", args=[preset.pk]),
        "corrected": reverse("upload_detail", args=[seven.upload_id]),
        "batch_detail": reverse("batch_detail", args=[batch.pk]),
        "quality_stream": reverse("quality_stream", args=[number.stream_id]),
        "training_detail": reverse("training_detail", args=[1]),
        "table_export": reverse("table_export", args=[export.pk]),
        "filtered": reverse("history") + "?digit=7",
        "nothing": reverse("history") + "?q=no-such-name",
        "explorer": reverse("explorer", args=[glyph.pk]),
        "channel": reverse("explorer", args=[glyph.pk, "conv3", 5]),
        "numbers": reverse("numbers", args=[glyph.pk, "conv2"]),
        "numbers_last": reverse("numbers", args=[glyph.pk, "logits"]),
        "what_if": reverse("what_if", args=[glyph.pk]),
        "what_if_changed": reverse("what_if", args=[glyph.pk]) + "?to=7",
        "like_what": reverse("like_what", args=[glyph.pk]),
        "why": reverse("why", args=[glyph.pk]),
        "compare": f"{reverse('compare')}?a={glyph.pk}&b={seven.glyphs.get().pk}",
        "model_card": reverse("model_card", args=[model.version]),
        "missing": "/missing/",
    }


PUBLIC_PAGES = {
    "front_door": "/welcome/",
    "login": "/login/",
    "signup": "/signup/",
    "password_reset": "/password/reset/",
    "about": "/about/",
}


# What axe checks: everything in the light theme, and colours again in the dark one, since nothing else differs.
CHECKS = {
    "light": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
# Controls that the Tab key does not reach, or whose focus is not seen on them or on their label.
FIND_LOST_CONTROLS = """() => {
    const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    const isOutlined = (each) => each && getComputedStyle(each).outlineStyle !== "none";
    return [...document.querySelectorAll(controls)]
        .filter((each) => !each.disabled && each.checkVisibility() && !each.closest("[aria-hidden=true]"))
        .filter((each) => {
            each.focus({ preventScroll: true });
            const isSeen = isOutlined(each) || isOutlined(each.closest("label"));
            return each.tabIndex !== 0 || document.activeElement !== each || !isSeen;
        })
        .map((each) => each.outerHTML.slice(0, 200));
}"""
COUNT_MOVING = "document.getAnimations().filter((each) => each.playState === 'running').length"
PARTS = 4  # of the pages, so that no test comes near its time limit on a busy machine


def accessibility_violations(page: Page, *, preload: bool = True) -> list[str]:
    """Return what axe finds in the open page, in both themes.

    With `preload`, axe copies style sheets that others import into inline styles.
    """
    page.evaluate(AXE_SCRIPT)
    return [
        f"{theme}, {violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for theme, rules in CHECKS.items()
        for violation in run_axe(page, theme, rules, preload=preload)
        for node in violation["nodes"]
    ]


def run_axe(page: Page, theme: str, rules: dict[str, Any], *, preload: bool) -> list[dict[str, Any]]:
    """Return the violations alone: all that axe checks, with its HTML, is megabytes for some pages."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    options = {"preload": preload, "runOnly": rules, "resultTypes": ["violations"]}
    violations: list[dict[str, Any]] = page.evaluate("async (options) => (await axe.run(options)).violations", options)
    return violations


@pytest.fixture
def weights(alice_page: Page) -> dict[str, int]:
    """Return the bytes that were loaded from each address since this was cleared. Nothing comes from the cache."""
    network = alice_page.context.new_cdp_session(alice_page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    loaded: dict[str, int] = {}

    def weigh(request: Request) -> None:
        if not PICTURE_PATHS.search(urlsplit(request.url).path):
            sizes = request.sizes()
            loaded[request.url] = sizes["responseBodySize"] + sizes["responseHeadersSize"]

    alice_page.on("requestfinished", weigh)
    return loaded


def check_open_page(page: Page, name: str) -> None:
    """Check that keys reach all that is on the page, that axe finds nothing, and that nothing moves."""
    page.wait_for_load_state("load")
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    page.keyboard.press("Tab")  # from now on the browser shows the focus
    assert page.evaluate(FIND_LOST_CONTROLS) == [], name
    assert accessibility_violations(page) == [], name
    assert page.evaluate(COUNT_MOVING) == 0, name  # reduced motion is asked for


def check_weights(name: str, weights: dict[str, int]) -> None:
    styles = [weight for url, weight in weights.items() if urlsplit(url).path.endswith(".css")]
    assert min(styles) > 0, (name, weights)  # loaded again, not taken from the cache
    assert sum(weights.values()) < MAX_BYTES, (name, weights)


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_keys_reach_all_nothing_moves_all_is_small_and_nothing_comes_from_elsewhere(
    alice_page: Page, pages, server, weights, part
):
    hosts: set[str] = set()
    errors: list[str] = []
    alice_page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    alice_page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for name, path in list(pages.items())[part::PARTS]:
        weights.clear()
        alice_page.goto(path)
        check_open_page(alice_page, name)
        check_weights(name, weights)
    # The browser itself reports the missing page.
    assert [text for text in errors if "404" not in text] == []
    assert hosts - {urlsplit(server.url).netloc, ""} == set()


def test_the_pages_of_trainers_pass_the_same_checks_and_show_pictures_of_other_people(
    page: Page, admin, alice, server, model, settings, tmp_path
):
    settings.AUDITED_SHARE = 1.0
    seven = create_prediction(owner=alice, data=digit_png(7), source="upload", name="seven.png", mode="digit")
    corrections.correct(prediction=seven, by=alice, kind="correct", text="1")
    choose_training_consent(alice, is_given=True)
    choose_looks_of_trainers(alice, is_given=True)
    create_ended_training(model, by=admin, folder=tmp_path)
    log_in(page.context, admin, server)
    names = {name: reverse(name) for name in ("shown_pictures", "trainings", "model_versions")} | {
        "training_detail": reverse("training_detail", args=[1]),
        "model_card": reverse("model_card", args=[model.version]),
    }
    for name, path in names.items():
        page.goto(path)
        check_open_page(page, name)
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
    page.goto(names["shown_pictures"])
    for section in ("#labels", "#mistakes"):
        assert page.locator(f"{section} img").count() == 1


def test_axe_finds_no_violations_before_login(page: Page):
    for name, path in PUBLIC_PAGES.items():
        page.goto(path)
        assert accessibility_violations(page) == [], name


def test_no_page_scrolls_sideways(alice_page: Page, pages):
    # Names of the maximum length, without spaces.
    User.objects.update(username="w" * 150)
    Batch.objects.update(name="b" * 200)
    BatchItem.objects.update(name="i" * 200)
    Upload.objects.update(name="u" * 200)
    Preset.objects.update(name="p" * 80, expectation={"pattern": "9" * 60, "values": "9" * 60})
    create_token(user=User.objects.get(), name="t" * 100)
    for name, path in pages.items():
        alice_page.goto(path)
        for width, height in ((1280, 800), (640, 400), (390, 800), (320, 800)):  # 640: a window of 1280 at 200 %
            alice_page.set_viewport_size({"width": width, "height": height})
            assert alice_page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)


def test_the_policy_allows_neither_inline_script_nor_eval(alice_page: Page):
    policy = alice_page.goto("/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


def test_every_control_of_the_start_page_is_reached_by_keyboard(alice_page: Page):
    alice_page.goto("/")
    reached = []
    for _ in range(40):
        alice_page.keyboard.press("Tab")
        reached.append(alice_page.evaluate("document.activeElement.innerText || document.activeElement.name || ''"))
    for wanted in (
        "Skip to content",
        "Eraser",
        "Read and save",
        "image",
        "mode",
        "Pictures, PDF or TIFF files up to 20 MB",
        "example",
    ):
        assert any(wanted in each for each in reached), (wanted, reached)


def test_the_app_can_be_installed(alice_page: Page, server):
    alice_page.goto("/")
    manifest = alice_page.request.get(alice_page.locator("link[rel=manifest]").get_attribute("href")).json()
    assert manifest["display"] == "standalone"
    sizes = {icon["sizes"] for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= sizes
    for icon in manifest["icons"]:
        assert alice_page.request.get(icon["src"]).headers["content-type"] == "image/png"
