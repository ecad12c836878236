"""The table of a batch in a browser: numbers are corrected in place, with the keyboard and without JavaScript."""

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from recognizer.models import Batch, Correction, Job
from recognizer.services.batches import intake
from tests.browser.fixtures import log_in
from tests.browser.hand import press_twice
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading
from tests.recognizer.tables import write_tables

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def batch(alice, model) -> Batch:
    """Return a batch of three numbers, of which the second is unsure."""
    batch = intake.create_batch(owner=alice, name="Meters")
    readings = [make_reading("852"), make_reading("71", decision="unsure", confidence=0.5), make_reading("-3.5")]
    for position, reading in enumerate(readings):
        upload = store_reading(reading, owner=alice).upload
        batch.items.create(position=position, name=f"scan {position + 9}.png", state="done", upload=upload)
    intake.close_batch(batch)
    return batch


def number_of(page: Page, name: str):
    return page.get_by_label(f"Number in {name}")


def state_of(page: Page, name: str):
    return page.locator("[data-row]", has_text=name).locator(".cell-state")


def saved() -> list[tuple[str, str]]:
    rows = Correction.objects.order_by("created_at")
    return [(row.kind, row.written) for row in rows]


def test_enter_saves_or_confirms_and_goes_on(alice_page: Page, batch):
    alice_page.goto(f"/batches/{batch.pk}/")
    expect(alice_page.get_by_role("button", name="Save corrections")).to_be_hidden()
    number_of(alice_page, "scan 9.png").click()
    alice_page.keyboard.press("ControlOrMeta+a")
    alice_page.keyboard.type("00853")
    assert saved() == []
    alice_page.keyboard.press("Enter")
    expect(state_of(alice_page, "scan 9.png")).to_contain_text(re.compile(r"corrected\s+Saved"))
    expect(number_of(alice_page, "scan 10.png")).to_be_focused()
    alice_page.keyboard.press("Enter")  # the unsure number is right
    expect(state_of(alice_page, "scan 10.png")).to_contain_text("confirmed")
    expect(number_of(alice_page, "scan 11.png")).to_be_focused()
    alice_page.keyboard.press("Enter")  # a sure number is left alone
    expect(state_of(alice_page, "scan 11.png")).to_contain_text("sure")
    assert saved() == [("correct", "00853"), ("confirm", "71")]
    expect(alice_page.locator("[data-row]").first.locator(".cell-value")).to_have_text("853")


def button_of(page: Page, name: str):
    return page.locator("[data-row]", has_text=name).locator("[data-row-button]")


def test_the_button_of_a_row_confirms_an_unsure_number_and_saves_a_changed_one(alice_page: Page, batch):
    alice_page.goto(f"/batches/{batch.pk}/")
    expect(button_of(alice_page, "scan 9.png")).to_be_hidden()  # it is sure
    expect(button_of(alice_page, "scan 10.png")).to_have_text("Confirm")
    number_of(alice_page, "scan 9.png").fill("853")
    expect(button_of(alice_page, "scan 9.png")).to_have_text("Save")
    button_of(alice_page, "scan 9.png").click()
    expect(state_of(alice_page, "scan 9.png")).to_contain_text("corrected")
    expect(button_of(alice_page, "scan 9.png")).to_be_hidden()
    number_of(alice_page, "scan 10.png").fill("77")
    expect(button_of(alice_page, "scan 10.png")).to_have_text("Save")
    number_of(alice_page, "scan 10.png").press("Escape")
    button_of(alice_page, "scan 10.png").click()
    expect(state_of(alice_page, "scan 10.png")).to_contain_text("confirmed")
    expect(button_of(alice_page, "scan 10.png")).to_be_hidden()
    assert saved() == [("correct", "853"), ("confirm", "71")]


def test_a_number_that_is_left_with_the_tab_key_is_saved_and_the_keyboard_goes_on(alice_page: Page, batch):
    alice_page.goto(f"/batches/{batch.pk}/")
    number_of(alice_page, "scan 9.png").fill("853")
    number_of(alice_page, "scan 9.png").press("Tab")
    expect(state_of(alice_page, "scan 9.png")).to_contain_text("corrected")
    expect(number_of(alice_page, "scan 10.png")).to_be_focused()
    assert saved() == [("correct", "853")]


def test_on_a_phone_each_file_shows_what_was_read_and_names_its_number(phone: Page, batch):
    phone.goto(f"/batches/{batch.pk}/")
    row = phone.locator("[data-row]", has_text="scan 10.png")
    expect(row.locator(".cell-read")).to_be_visible()
    expect(phone.get_by_text("press Save")).to_be_visible()
    shown = "each => getComputedStyle(each, '::before').content"
    assert row.locator(".cell-number").evaluate(shown).startswith('"Number')
    assert row.locator(".cell-read").evaluate(shown).startswith('"Read as')
    row.get_by_role("button", name="Confirm").tap()
    expect(state_of(phone, "scan 10.png")).to_contain_text("confirmed")
    assert saved() == [("confirm", "71")]


def test_arrows_move_and_a_number_is_saved_when_it_is_left(alice_page: Page, batch):
    alice_page.goto(f"/batches/{batch.pk}/")
    number_of(alice_page, "scan 9.png").click()
    for key, name in (("ArrowDown", "scan 10.png"), ("ArrowDown", "scan 11.png"), ("ArrowUp", "scan 10.png")):
        alice_page.keyboard.press(key)
        expect(number_of(alice_page, name)).to_be_focused()
    alice_page.keyboard.type("77")  # the number is selected
    alice_page.keyboard.press("ArrowUp")
    expect(state_of(alice_page, "scan 10.png")).to_contain_text("corrected")
    assert saved() == [("correct", "77")]


def test_escape_drops_a_number_that_is_not_saved(alice_page: Page, batch):
    alice_page.goto(f"/batches/{batch.pk}/")
    number = number_of(alice_page, "scan 9.png")
    number.fill("1")
    number.press("Escape")
    expect(number).to_have_value("852")
    number.blur()
    alice_page.wait_for_timeout(300)
    assert saved() == []


def test_a_number_that_is_refused_or_not_sent_says_so_and_stays(alice_page: Page, batch):
    alice_page.goto(f"/batches/{batch.pk}/")
    number = number_of(alice_page, "scan 9.png")
    number.fill("8x")
    number.press("Enter")
    expect(alice_page.get_by_role("alert")).to_contain_text("Use only the digits 0 to 9")
    expect(number).to_have_value("8x")
    alice_page.route("**/correct/", lambda route: route.abort())
    number.fill("853")
    number.press("Enter")
    expect(alice_page.get_by_text("Not saved. Try again.")).to_be_visible()
    alice_page.unroute("**/correct/")
    number.press("Enter")
    expect(state_of(alice_page, "scan 9.png")).to_contain_text("corrected")
    expect(alice_page.get_by_role("alert")).to_have_count(0)
    assert saved() == [("correct", "853")]


def test_the_table_is_not_replaced_while_a_number_is_typed(alice_page: Page, batch):
    batch.items.create(position=3, name="waiting.png", state="waiting")
    alice_page.goto(f"/batches/{batch.pk}/")
    number = number_of(alice_page, "scan 9.png")
    number.fill("8")
    alice_page.wait_for_timeout(2500)
    expect(number).to_have_value("8")
    expect(number).to_be_focused()


def test_the_files_are_searched_and_sorted_while_others_wait(alice_page: Page, batch):
    batch.items.create(position=3, name="waiting.png", state="waiting")
    alice_page.goto(f"/batches/{batch.pk}/")
    alice_page.get_by_label("Sort by").select_option("-name")
    alice_page.get_by_label("Search").press_sequentially("scan")
    for _ in range(2):
        with alice_page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
            pass
    expect(alice_page.get_by_label("Search")).to_have_value("scan")
    batch.items.filter(name="waiting.png").update(state="failed", error_code="corrupt_image")
    expect(alice_page.locator("#batch-progress")).to_contain_text("3 of 4 read, 1 failed.")
    expect(alice_page.locator("[data-announcer]")).to_contain_text("3 of 4 read, 1 failed.")
    expect(alice_page.get_by_label("Search")).to_be_focused()
    alice_page.keyboard.press("Enter")
    alice_page.wait_for_url(re.compile(r"q=scan"))
    assert "ordering=-name" in alice_page.url
    names = alice_page.locator("[data-row] .cell-name").all_inner_texts()
    assert names == ["scan 11.png", "scan 10.png", "scan 9.png"]


def test_a_number_that_is_typed_while_the_files_are_fetched_stays(alice_page: Page, batch):
    batch.items.create(position=3, name="waiting.png", state="waiting")
    fetched: list[Route] = []
    alice_page.goto(f"/batches/{batch.pk}/")
    alice_page.route(re.compile(rf"/batches/{batch.pk}/\?"), lambda route: fetched.append(route))
    with alice_page.expect_request(re.compile(rf"/batches/{batch.pk}/\?")):
        pass
    number = number_of(alice_page, "scan 9.png")
    number.fill("8")
    with alice_page.expect_event("requestfinished"):
        fetched[0].continue_()
    alice_page.evaluate("() => new Promise(requestAnimationFrame)")
    expect(number).to_have_value("8")
    expect(number).to_be_focused()


def test_many_files_are_selected_and_corrected_together(alice_page: Page, batch):
    alice_page.goto(f"/batches/{batch.pk}/?ordering=-name")
    expect(alice_page.get_by_text("Select this page")).to_be_visible()
    alice_page.get_by_label("Select scan 11.png").check()
    alice_page.get_by_label("Select scan 9.png").click(modifiers=["Shift"])
    expect(alice_page.get_by_text("3 selected")).to_be_visible()
    alice_page.get_by_label("Select scan 10.png").uncheck()
    alice_page.get_by_label("Correct number for the selected pictures").fill("0042")
    alice_page.keyboard.press("Enter")
    expect(alice_page.locator("main").get_by_text("Saved for 2 pictures.")).to_be_visible()
    assert saved() == [("correct", "0042")] * 2
    assert alice_page.url.endswith("?ordering=-name")
    alice_page.get_by_label("Select this page").check()
    expect(alice_page.get_by_label("Select scan 10.png")).to_be_checked()


def test_deleted_files_lead_back_to_the_table_and_can_be_restored(alice_page: Page, batch):
    table = f"/batches/{batch.pk}/?ordering=-name&q=scan"
    alice_page.goto(table)
    alice_page.get_by_label("Select scan 11.png").check()
    alice_page.get_by_role("button", name="Delete selected").click()
    expect(alice_page.locator("main").get_by_text("1 picture deleted.")).to_be_visible()
    assert f"{table}&deleted=" in alice_page.url
    alice_page.get_by_role("button", name="Undo").click()
    expect(alice_page.locator("main").get_by_text("1 picture restored.")).to_be_visible()
    assert alice_page.url.endswith(table)
    alice_page.get_by_role("link", name="scan 10.png", exact=True).click()
    alice_page.get_by_role("link", name="Back to Meters").click()
    assert alice_page.url.endswith(table)
    alice_page.get_by_role("link", name="scan 10.png", exact=True).click()
    alice_page.get_by_text("Details and actions").click()
    alice_page.get_by_role("button", name="Delete picture").click()
    expect(alice_page.locator("main").get_by_text("1 picture deleted.")).to_be_visible()
    assert f"{table}&deleted=" in alice_page.url


def test_a_double_click_adds_files_once_and_too_many_are_not_sent(alice_page: Page, batch):
    picture = {"name": "more.png", "mimeType": "image/png", "buffer": digit_png(7, size=60)}
    alice_page.goto(f"/batches/{batch.pk}/")
    alice_page.get_by_text("Add files", exact=True).click()
    expect(alice_page.get_by_text("Up to 100 files each time")).to_be_visible()
    files = alice_page.get_by_label("Pictures, PDF or TIFF files")
    files.set_input_files([picture] * 101)
    alice_page.get_by_role("button", name="Add and read").click()
    assert "Choose up to 100 files" in files.evaluate("input => input.validationMessage")
    files.set_input_files([picture] * 2)
    assert len(press_twice(alice_page, alice_page.get_by_role("button", name="Add and read"), "**/add/")) == 1
    expect(alice_page.locator("main").get_by_text("2 files added.")).to_be_visible()
    assert batch.items.count() == 5


def test_a_double_click_reads_a_batch_again_once(alice_page: Page, batch):
    alice_page.goto(f"/batches/{batch.pk}/")
    alice_page.get_by_text("Read all again", exact=True).click()
    again = alice_page.get_by_role("button", name="Read again")
    assert len(press_twice(alice_page, again, "**/read-again/")) == 1
    expect(alice_page.get_by_role("heading", level=1)).to_be_visible()


def test_without_javascript_a_batch_is_corrected_and_exported(browser: Browser, alice, server, batch):
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    log_in(context, alice, server)
    page = context.new_page()
    page.goto(f"/batches/{batch.pk}/?ordering=-name")
    number_of(page, "scan 9.png").fill("00853")
    number_of(page, "scan 11.png").fill("-3.6")
    page.get_by_role("button", name="Save corrections").click()
    expect(page.locator("main").get_by_text("Saved for 2 pictures.")).to_be_visible()
    expect(number_of(page, "scan 9.png")).to_have_value("00853")
    assert sorted(saved()) == [("correct", "-3.6"), ("correct", "00853")]
    page.get_by_label("Select scan 10.png").check()
    page.get_by_role("button", name="Confirm selected").click()
    expect(page.locator("main").get_by_text("Saved for 1 picture.")).to_be_visible()
    page.get_by_text("Add files", exact=True).click()
    page.get_by_label("Pictures, PDF or TIFF files").set_input_files(
        {"name": "more.png", "mimeType": "image/png", "buffer": digit_png(7, size=60)}
    )
    page.get_by_role("button", name="Add and read").click()
    expect(page.locator("main").get_by_text("1 file added.")).to_be_visible()
    page.get_by_text("Read all again", exact=True).click()
    page.get_by_label("Mode", exact=True).select_option("digit")
    page.get_by_role("button", name="Read again").click()
    expect(page.locator("main").get_by_text("3 pictures are read again.")).to_be_visible()
    page.get_by_role("button", name="Export XLSX").click()
    expect(page.get_by_text("The file waits for its turn.")).to_be_visible()
    write_tables()
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download XLSX").click()
    assert download.value.suggested_filename == "Meters.xlsx"
    assert Job.objects.get(kind=Job.Kind.TABLE_EXPORT).state == Job.State.DONE
    context.close()
