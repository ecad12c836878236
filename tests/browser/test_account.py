"""The account page: tokens, theme, export and deletion."""

import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from recognizer.models import Upload
from recognizer.services.exports.exports import name_picture
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png
from tests.recognizer.deletions import run_deletions
from tests.recognizer.mails import sent_link
from tests.recognizer.personal_exports import run_export_jobs
from tests.servers.web import WebServer

pytestmark = pytest.mark.browser


def test_a_token_is_created_used_and_revoked(alice_page: Page, server: WebServer):
    def ask(secret: str) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx.get(f"{server.url}/api/v1/predictions/", headers=headers, timeout=10).status_code

    alice_page.goto("/account/")
    alice_page.get_by_text("New token").click()
    alice_page.get_by_label("Name").fill("my script")
    alice_page.get_by_label("Access").select_option("read")
    alice_page.get_by_role("button", name="Create token").click()
    secret = alice_page.locator("#secret").inner_text()
    assert ask(secret) == 200
    expect(alice_page.locator("#secret")).to_be_in_viewport()
    expect(alice_page.get_by_role("button", name="Copy token")).to_be_visible()
    alice_page.goto("/account/")
    assert secret not in alice_page.content()
    row = alice_page.get_by_role("row", name="my script")
    row.get_by_role("button", name="Revoke my script").click()
    expect(alice_page.get_by_role("row", name="my script")).to_have_count(0)
    assert ask(secret) == 401


def test_the_python_lines_of_a_new_token_read_a_picture(alice_page: Page, model, tmp_path: Path):
    (tmp_path / "picture.png").write_bytes(digit_png(7))
    alice_page.goto("/account/")
    alice_page.get_by_text("New token").click()
    alice_page.get_by_label("Name").fill("my script")
    alice_page.get_by_label("Access").select_option("write")
    alice_page.get_by_role("button", name="Create token").click()
    lines = alice_page.locator("pre.secret").last.inner_text()
    shown = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (shown.stdout.strip(), shown.stderr) == ("7", "")


def test_the_theme_changes_at_once_and_is_stored(alice_page: Page):
    alice_page.emulate_media(color_scheme="light")
    alice_page.goto("/")
    light = alice_page.evaluate("getComputedStyle(document.body).backgroundColor")
    with alice_page.expect_response("**/theme/"):
        alice_page.get_by_role("button", name="Switch between light and dark theme").click()
    dark = alice_page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    alice_page.goto("/about/")
    assert alice_page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    alice_page.goto("/account/")
    with alice_page.expect_navigation():
        alice_page.get_by_role("button", name="Same as device").click()
    assert alice_page.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_the_pad_stays_light_in_the_dark_theme(alice_page: Page):
    alice_page.emulate_media(color_scheme="dark")
    alice_page.goto("/")
    assert alice_page.locator("canvas").evaluate("c => getComputedStyle(c).backgroundColor") == "rgb(255, 254, 250)"


def test_all_data_can_be_exported(alice_page: Page, alice: User, model, tmp_path: Path):
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload")
    alice_page.goto("/account/")
    alice_page.get_by_role("button", name="Export all my data").click()
    expect(alice_page.get_by_text("Your export waits for its turn.")).to_be_visible()
    run_export_jobs()
    link = alice_page.get_by_role("link", name="Download export")
    expect(link).to_be_visible(timeout=20_000)  # without a reload
    with alice_page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "all.zip")
    names = zipfile.ZipFile(tmp_path / "all.zip").namelist()
    assert names == [
        "uploads/0001.json",
        "predictions/0001.json",
        "corrections/0001.json",
        name_picture(prediction.upload),
        "streams/0001.json",
        "account.json",
    ]
    alice_page.goto("/history/")
    alice_page.get_by_role("link", name="Notices, 1 unread").click()
    alice_page.get_by_role("button", name="Go to the download").click()
    expect(alice_page.get_by_role("link", name="Notices", exact=True)).to_be_visible()
    alice_page.get_by_role("button", name="Delete export").click()
    expect(alice_page.get_by_role("button", name="Export all my data")).to_be_visible()


def test_an_account_is_deleted_with_all_data(alice_page: Page, alice: User, model, media: Path):
    create_prediction(owner=alice, data=digit_png(7), source="upload")
    alice_page.goto("/account/")
    alice_page.get_by_text("Delete this account").click()
    alice_page.get_by_label("Your password").fill("not hers")
    alice_page.get_by_role("button", name="Delete my account").click()
    expect(alice_page.locator("main").get_by_text("The password is wrong.")).to_be_visible()
    alice_page.get_by_label("Your password").fill("alice-password")
    alice_page.get_by_role("button", name="Delete my account").click()
    expect(
        alice_page.locator("main").get_by_text("Your account is closed. Its pictures and data are being deleted.")
    ).to_be_visible()
    run_deletions()
    assert not User.objects.filter(username="alice").exists()
    assert not Upload.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file() and path.name != ".gitignore"]


def test_a_changed_address_is_saved_after_the_password_and_verified_by_its_link(alice_page: Page):
    alice_page.goto("/account/")
    age_login()
    alice_page.get_by_text("Change email address").click()
    alice_page.get_by_role("textbox", name="Email address").fill("new@example.org")
    alice_page.get_by_role("button", name="Save email address").click()
    alice_page.get_by_label("Your password").fill("alice-password")
    alice_page.get_by_role("button", name="Confirm password").click()
    expect(alice_page.get_by_text("We have sent an email to new@example.org.")).to_be_visible()
    alice_page.goto(sent_link())
    alice_page.get_by_role("button", name="Verify this address").click()
    expect(alice_page.locator("main").get_by_text("new@example.org is verified.").first).to_be_visible()


def age_login() -> None:
    """Let the password be given longer ago than a login counts as fresh."""
    session = SessionStore(Session.objects.get().pk)
    for record in session["account_authentication_methods"]:
        record["at"] -= settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    session.save()


def test_logging_out_removes_a_drawing_and_keeps_the_theme(alice_page: Page):
    alice_page.goto("/account/")
    alice_page.get_by_role("button", name="Dark", exact=True).click()
    alice_page.evaluate("sessionStorage.setItem('drawing', 'secret'); localStorage.setItem('drawing', 'secret')")
    alice_page.locator("main").get_by_role("button", name="Log out").click()
    expect(alice_page.get_by_role("heading", name="Log in")).to_be_visible()
    assert alice_page.evaluate("localStorage.getItem('drawing')") is None
    assert alice_page.evaluate("document.documentElement.dataset.theme") == "dark"
