"""Fixtures with a real Chromium. The system's browser is used: downloads are not possible everywhere."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.chromium import find_chromium
from tests.conftest import client_of
from tests.servers.web import WebServer

# What a test waits for comes at once on an idle machine. A busy one may take its time: only what never comes fails.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        message = "No Chromium: install one, or name it in CHROMIUM."
        pytest.fail(message) if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip(message)
    with sync_playwright() as playwright:
        # Chromium's sandbox does not work for root.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, server: WebServer) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=server.url, locale="en-GB")
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test on script errors and on violations of the content security policy."""
    page = context.new_page()
    violations: list[str] = []
    page.on("pageerror", lambda error: violations.append(str(error)))
    page.on("console", lambda message: _note_violation(message.text, violations))
    yield page
    assert violations == []


def _note_violation(text: str, violations: list[str]) -> None:
    if "Content Security Policy" in text:
        violations.append(text)


def log_in(context: BrowserContext, user: User, server: WebServer) -> None:
    """Log the user in by a session cookie. The login form has its own test."""
    cookie = client_of(user).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": server.url}])


@pytest.fixture
def alice_page(page: Page, alice: User, server: WebServer) -> Page:
    """Alice is logged in."""
    log_in(page.context, alice, server)
    return page


@pytest.fixture
def phone(browser: Browser, alice: User, server: WebServer) -> Iterator[Page]:
    """The start page on a phone of 390 px, with Alice logged in."""
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": 390, "height": 844},
        device_scale_factor=3,
        has_touch=True,
        is_mobile=True,
    )
    log_in(context, alice, server)
    page = context.new_page()
    page.goto("/")
    yield page
    context.close()
