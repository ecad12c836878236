"""Many files and folders, sent in parts from the start page, also over a connection that breaks."""

import io
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from mlcore.reading.files.decode import MAX_BYTES
from recognizer.models import Batch, BatchItem
from recognizer.services.batches import control
from tests.browser.fixtures import log_in
from tests.pictures import digit_png
from tests.servers.proxy import Proxy

pytestmark = pytest.mark.browser
BATCH_API = re.compile(r"/api/v1/batches/.*")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with 120 pictures in folders, a text, and files that nobody means."""
    data = digit_png(7, size=60)
    folder = tmp_path / "Meters"
    for house in (1, 2, 10):
        (folder / f"house {house}").mkdir(parents=True)
        for number in range(40):
            (folder / f"house {house}" / f"{number}.png").write_bytes(data)
    (folder / "notes.txt").write_text("no picture")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "Thumbs.db").write_bytes(b"x")
    return folder


def choose(page: Page, folder: Path) -> None:
    """Choose the folder as a person does, by a click on the label. The label must stay under the mouse."""
    page.goto("/")
    with page.expect_file_chooser() as chooser:
        page.locator("[data-folder]").click()
    chooser.value.set_files(folder)


def expect_batch(page: Page) -> list[str]:
    """Wait for the page of the batch, and return the names of its files in their order."""
    page.wait_for_url(re.compile("/batches/.+"))
    batch = Batch.objects.get()
    assert (batch.name, batch.closed_at is not None) == ("Meters", True)
    return list(batch.items.order_by("sort_key").values_list("name", flat=True))


def test_a_folder_becomes_a_batch_with_the_paths_of_its_files(alice_page: Page, model, folder):
    choose(alice_page, folder)
    names = expect_batch(alice_page)
    pictures = [f"Meters/house {house}/{number}.png" for house in (1, 2, 10) for number in range(40)]
    assert names == [*pictures, "Meters/notes.txt"]
    expect(alice_page.locator("[data-row]")).to_have_count(100)
    alice_page.get_by_role("link", name="Next").click()
    expect(alice_page.locator("[data-row]")).to_have_count(21)
    expect(alice_page.locator("[data-row]").last).to_contain_text("notes.txt")


def expect_batch_without(page: Page, missing: str) -> list[str]:
    """Expect that the page names what is missing, and return the names of the batch that the others are in."""
    expect(page.locator("[data-left-out]")).to_contain_text(missing)
    page.get_by_role("link", name="Go to the batch").click()
    names = expect_batch(page)
    assert missing not in names
    return names


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("7.png", data)
    return file.getvalue()


def test_nothing_is_lost_or_doubled_when_the_connection_is_cut(alice_page: Page, server, model, folder):
    proxy = Proxy(server.port)
    alice_page.goto(f"http://127.0.0.1:{proxy.port}/")
    proxy.delay_seconds = 3.0
    alice_page.locator("[data-folder] input").set_input_files(folder)
    for stored in (50, 100):
        while BatchItem.objects.count() < stored:
            alice_page.wait_for_timeout(20)
        proxy.shut()  # the browser does not get the answer, and sends the same part again
        expect(alice_page.get_by_role("alert")).to_contain_text("The connection was lost.")
        proxy.open()
    proxy.delay_seconds = 0.0
    names = expect_batch(alice_page)
    assert len(names) == len(set(names)) == 121


def test_a_file_that_was_removed_meanwhile_does_not_stop_the_others(alice_page: Page, server, model, folder):
    proxy = Proxy(server.port)
    alice_page.goto(f"http://127.0.0.1:{proxy.port}/")
    proxy.shut()
    alice_page.locator("[data-folder] input").set_input_files(folder)
    expect(alice_page.get_by_role("alert")).to_contain_text("The connection was lost.")
    (folder / "house 1" / "3.png").unlink()
    proxy.open()
    names = expect_batch_without(alice_page, "Meters/house 1/3.png")
    assert len(names) == 120


def test_a_batch_whose_last_file_was_removed_meanwhile_is_closed(alice_page: Page, server, model, folder):
    (folder / "zz.zip").write_bytes(zipped(digit_png(7, size=60)))  # an archive is a part of its own
    proxy = Proxy(server.port)
    alice_page.goto(f"http://127.0.0.1:{proxy.port}/")
    proxy.shut()
    alice_page.locator("[data-folder] input").set_input_files(folder)
    expect(alice_page.get_by_role("alert")).to_contain_text("The connection was lost.")
    (folder / "zz.zip").unlink()
    proxy.open()
    names = expect_batch_without(alice_page, "Meters/zz.zip")
    assert len(names) == 121


@pytest.mark.parametrize("name", ["0 damaged.zip", "zz damaged.zip"])  # the first part, and the last one
def test_an_archive_that_is_refused_is_named_and_the_others_are_sent(alice_page: Page, model, folder, name):
    (folder / name).write_bytes(b"PK\x03\x04 cut")
    choose(alice_page, folder)
    names = expect_batch_without(alice_page, f"Meters/{name} (The ZIP file is damaged")
    assert len(names) == len(set(names)) == 121


def test_a_part_that_is_refused_is_sent_file_by_file(alice_page: Page, model, folder):
    """A server or a proxy may have a lower limit than the page knows."""

    def refuse(route: Route) -> None:
        body = route.request.post_data_buffer or b""
        if b"house 2/7.png" in body:
            route.fulfill(status=413, body="<html>Request Entity Too Large</html>")
        else:
            route.continue_()

    alice_page.route(BATCH_API, refuse)
    choose(alice_page, folder)
    expect(alice_page.locator("[data-files] [data-state=refused]")).to_have_count(1)
    names = expect_batch_without(alice_page, "Meters/house 2/7.png")
    assert len(names) == len(set(names)) == 120


def test_files_of_one_name_both_arrive(alice_page: Page, model):
    alice_page.goto("/")
    alice_page.evaluate(DROP_FILES, ["1.png", "2.png", "1.png"])
    alice_page.wait_for_url(re.compile("/batches/.+"))
    assert list(BatchItem.objects.order_by("position").values_list("name", flat=True)) == ["1.png", "1.png", "2.png"]


def test_each_file_of_one_name_is_counted_as_sent(alice_page: Page, model):
    problem = {"code": "quota_exceeded", "detail": "Your storage quota is used up."}
    alice_page.route(re.compile(r"/api/v1/batches/.+/files/"), lambda route: route.fulfill(status=403, json=problem))
    alice_page.goto("/")
    alice_page.evaluate(DROP_FILES, ["1.png", "1.png", *[f"{number}.png" for number in range(2, 60)]])
    expect(alice_page.get_by_role("alert")).to_have_text("Your storage quota is used up.")
    expect(alice_page.locator("[data-sent-count]")).to_have_text("50")


def test_folders_of_one_name_become_two_batches(alice_page: Page, model, folder, tmp_path):
    choose(alice_page, folder)
    expect_batch(alice_page)
    first = Batch.objects.get()
    other = tmp_path / "other" / "Meters"
    other.parent.mkdir()
    shutil.copytree(folder, other)
    choose(alice_page, other)
    alice_page.wait_for_url(re.compile(f"/batches/(?!{first.pk}).+"))
    assert [batch.items.count() for batch in Batch.objects.all()] == [121, 121]


def test_files_that_are_chosen_while_others_are_sent_are_not_dropped_silently(alice_page: Page, model, folder):
    alice_page.route(BATCH_API, lambda route: None)  # it is never answered
    choose(alice_page, folder)
    expect(alice_page.locator("[data-sending]")).to_be_visible()
    alice_page.evaluate(DROP_FILES, ["1.png"])
    busy = alice_page.locator("main").get_by_text("Choose these again when they have arrived.")
    expect(busy).to_be_visible()


def test_files_can_be_sent_after_another_login(alice_page: Page, alice, server, model, folder):
    alice_page.goto("/")
    alice_page.context.clear_cookies()
    alice_page.locator("[data-folder] input").set_input_files(folder)
    expect(alice_page.get_by_text("You are logged out.")).to_be_visible()
    assert not Batch.objects.exists()
    log_in(alice_page.context, alice, server)
    alice_page.locator("[data-folder] input").set_input_files(folder)  # the token of the page is too old
    names = expect_batch(alice_page)
    assert len(names) == 121


def test_a_connection_that_is_lost_without_a_word_is_given_up(alice_page: Page, server, model, folder):
    proxy = Proxy(server.port)
    alice_page.clock.install()
    alice_page.goto(f"http://127.0.0.1:{proxy.port}/")
    proxy.is_black_hole = True
    with alice_page.expect_request(BATCH_API):
        alice_page.locator("[data-folder] input").set_input_files(folder)
    alice_page.clock.fast_forward(91_000)
    expect(alice_page.get_by_role("alert")).to_contain_text("The connection was lost.")
    proxy.is_black_hole = False
    alice_page.clock.fast_forward(2_000)
    names = expect_batch(alice_page)
    assert len(names) == len(set(names)) == 121


def test_one_heic_file_does_not_stop_the_others(alice_page: Page, model, folder):
    (folder / "house 1" / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    choose(alice_page, folder)
    assert "Meters/house 1/photo.heic" in expect_batch(alice_page)
    item = BatchItem.objects.get(name="Meters/house 1/photo.heic")
    assert (item.state, item.error_code) == ("failed", "unsupported_format")


def close_while_the_second_part_is_sent(page: Page, folder: Path) -> None:
    """Choose the folder, and close the page when the first part is stored and the second is under way."""
    page.route(re.compile(r"/api/v1/batches/.+/files/"), lambda route: None)  # it is never answered
    with page.expect_request(re.compile(r"/api/v1/batches/.+/files/")):
        choose(page, folder)
    page.close()


def test_an_upload_goes_on_after_its_tab_was_closed(alice_page: Page, model, folder):
    context = alice_page.context
    close_while_the_second_part_is_sent(alice_page, folder)
    assert BatchItem.objects.count() == 50
    page = context.new_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto("/")
    expect(page.get_by_text("An upload was interrupted: Meters, 50 / 121 files sent.")).to_be_visible()
    page.locator("[data-folder] input").set_input_files(folder)
    names = expect_batch(page)
    assert len(names) == len(set(names)) == 121
    assert len([url for url in sent if "/api/v1/batches/" in url]) == 2  # of three parts
    page.goto("/")
    expect(page.get_by_text("An upload was interrupted")).to_be_hidden()


def test_an_upload_that_goes_on_still_names_what_was_refused(alice_page: Page, model, folder):
    (folder / "0 damaged.zip").write_bytes(b"PK\x03\x04 cut")
    context = alice_page.context
    close_while_the_second_part_is_sent(alice_page, folder)
    page = context.new_page()
    choose(page, folder)
    names = expect_batch_without(page, "Meters/0 damaged.zip (The ZIP file is damaged")
    assert len(names) == len(set(names)) == 121


def test_an_interrupted_upload_begins_anew_if_the_files_are_read_in_another_way(alice_page: Page, model, folder):
    context = alice_page.context
    close_while_the_second_part_is_sent(alice_page, folder)
    first = Batch.objects.get()
    assert first.mode != "digit"
    page = context.new_page()
    page.goto("/")
    page.locator("[name=mode][value=digit]").check(force=True)
    page.locator("[data-folder] input").set_input_files(folder)
    page.wait_for_url(re.compile("/batches/.+"))
    second = Batch.objects.exclude(pk=first.pk).get()
    assert (second.mode, second.items.count()) == ("digit", 121)


def test_an_interrupted_upload_is_given_up_or_begins_anew_if_its_batch_takes_no_more(alice_page: Page, model, folder):
    context = alice_page.context
    close_while_the_second_part_is_sent(alice_page, folder)
    first = Batch.objects.get()
    control.cancel_batch(first)
    page = context.new_page()
    choose(page, folder)
    page.wait_for_url(re.compile("/batches/.+"))
    second = Batch.objects.exclude(pk=first.pk).get()
    assert (first.items.count(), second.items.count()) == (50, 121)
    close_while_the_second_part_is_sent(page, folder)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="Do not go on").click()
    expect(page.get_by_text("An upload was interrupted")).to_be_hidden()
    page.reload()
    expect(page.get_by_text("An upload was interrupted")).to_be_hidden()


def test_an_upload_that_is_refused_while_it_goes_on_does_not_begin_anew(alice_page: Page, model, folder):
    context = alice_page.context
    close_while_the_second_part_is_sent(alice_page, folder)
    page = context.new_page()
    problem = {"code": "quota_exceeded", "detail": "Your storage quota is used up."}
    page.route(re.compile(r"/api/v1/batches/.+/files/"), lambda route: route.fulfill(status=403, json=problem))
    choose(page, folder)
    expect(page.get_by_role("alert")).to_have_text("Your storage quota is used up.")
    page.unroute_all()
    choose(page, folder)
    names = expect_batch(page)  # of the only batch
    assert len(names) == len(set(names)) == 121


def test_a_refusal_is_shown_and_the_files_can_be_sent_again(alice_page: Page, model, folder):
    problem = {"code": "quota_exceeded", "detail": "Your storage quota is used up."}
    alice_page.route(BATCH_API, lambda route: route.fulfill(status=403, json=problem))
    choose(alice_page, folder)
    expect(alice_page.get_by_role("alert")).to_have_text("Your storage quota is used up.")
    alice_page.unroute(BATCH_API)
    # A browser tells nothing about files that the input has already.
    assert alice_page.locator("[data-folder] input").input_value() == ""
    alice_page.locator("[data-folder] input").set_input_files(folder)
    assert len(expect_batch(alice_page)) == 121


def test_files_over_the_limit_are_named_and_the_others_are_sent(alice_page: Page, model, folder):
    with (folder / "house 1" / "scan.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    choose(alice_page, folder)
    names = expect_batch_without(alice_page, "Meters/house 1/scan.png")
    assert len(names) == len(set(names)) == 121


def test_dropped_folders_are_sent_with_their_files(alice_page: Page, model):
    alice_page.goto("/")
    alice_page.evaluate(DROP_FOLDER, list(digit_png(7, size=60)))
    alice_page.wait_for_url(re.compile("/batches/.+"))
    names = BatchItem.objects.order_by("sort_key").values_list("name", flat=True)
    assert list(names) == ["Meters/a/1.png", "Meters/a/2.png", "Meters/b.png"]


# A drop cannot be made by a script with real folders; the page is given entries as browsers make them.
DROP_FOLDER = """(bytes) => {
  const file = (name) => new File([new Uint8Array(bytes)], name, { type: "image/png" });
  const fileEntry = (path) => ({
    isFile: true, fullPath: path, file: (done) => done(file(path.split("/").pop())),
  });
  const folderEntry = (path, inner) => ({
    isDirectory: true, fullPath: path,
    createReader: () => {
      const groups = [inner.slice(0, 1), inner.slice(1), []];
      return { readEntries: (done) => done(groups.shift() ?? []) };
    },
  });
  const entry = folderEntry("/Meters", [
    folderEntry("/Meters/a", [fileEntry("/Meters/a/2.png"), fileEntry("/Meters/a/1.png")]), fileEntry("/Meters/b.png"),
  ]);
  const event = new Event("drop", { bubbles: true, cancelable: true });
  event.dataTransfer = { types: ["Files"], files: [], items: [{ webkitGetAsEntry: () => entry }] };
  document.querySelector("[data-drop]").dispatchEvent(event);
}"""

DROP_FILES = """(names) => {
  const transfer = new DataTransfer();
  names.forEach((name, number) => transfer.items.add(new File([`${number}`], name, { type: "image/png" })));
  const event = new Event("drop", { bubbles: true, cancelable: true });
  event.dataTransfer = { types: ["Files"], files: transfer.files, items: [] };
  document.querySelector("[data-drop]").dispatchEvent(event);
}"""
