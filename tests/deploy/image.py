"""The image, built and started without a container engine: `make image-test`.

It needs root, buildah, debootstrap and Chromium.

Debian's buildah builds the image on a base that debootstrap makes. Web server and worker then run from its files as
another user, without capabilities, with a read-only root and a /tmp in memory, and a browser goes the shortest way
through the product: it logs in, a picture is read, its feature maps are drawn, and it is in the history.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import expect, sync_playwright

from config.embedded_redis import EmbeddedRedis
from tests.browser.chromium import find_chromium
from tests.pictures import digit_png
from tests.servers.ports import reserve_port
from tests.servers.process import Server
from tests.servers.redis import RedisServer
from tests.surroundings import ROOT

FOLDER = Path(os.environ.get("IMAGE_TEST_FOLDER", ROOT / ".run" / "image-test"))
BASE, IMAGE = "localhost/digitscribe-base", "localhost/digitscribe"
USER = 4711
MAX_COMPRESSED_MB = 250
BUILDAH = ["buildah", "--root", str(FOLDER / "storage"), "--runroot", str(FOLDER / "run"), "--storage-driver", "vfs"]

# The root becomes read-only, and then its command loses everything that a container may not have.
START = """
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/data"
mount --rbind /dev "$1/dev"
user=$3
root=$1
shift 3
exec chroot "$root" /usr/bin/setpriv --reuid "$user" --regid "$user" --clear-groups --bounding-set=-all \
    --inh-caps=-all --no-new-privs -- "$@"
"""

IS_READ_ONLY = "import os, sys; sys.exit(not os.statvfs('/').f_flag & os.ST_RDONLY)"


def show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}")
    return result.stdout.strip()


def buildah(*arguments: str) -> str:
    return run(*BUILDAH, *arguments)


def build_base() -> None:
    rootfs = FOLDER / "base"
    if not (rootfs / "usr/bin/python3").exists():
        shutil.rmtree(rootfs, ignore_errors=True)
        packages = "--include=python3,python3-venv,ca-certificates"
        run("debootstrap", "--variant=minbase", packages, "bookworm", str(rootfs))
    for name in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(rootfs / name, ignore_errors=True)
    container = buildah("from", "scratch")
    buildah("copy", "--quiet", container, str(rootfs), "/")
    buildah("commit", "--quiet", "--rm", container, BASE)


def build_image() -> None:
    arguments = [
        "--isolation",
        "chroot",
        "--network",
        "host",
        "--layers",
        "--build-arg",
        f"BASE={BASE}",
        "--target",
        "serve",
    ]
    # What pip needs where packages come from a mirror: `--volume`, `--env`.
    arguments += shlex.split(os.environ.get("IMAGE_TEST_BUILD_OPTIONS", ""))
    buildah("build", *arguments, "--tag", IMAGE, str(ROOT))


def compressed_megabytes() -> float:
    archive = FOLDER / "image.tar"
    archive.unlink(missing_ok=True)
    buildah("push", "--quiet", IMAGE, f"oci-archive:{archive}")
    return archive.stat().st_size / 1e6


class Container:
    """The files of the image, and a folder for its data."""

    def __init__(self) -> None:
        self.name = buildah("from", IMAGE)
        self.root = Path(buildah("mount", self.name))
        self.data = FOLDER / "data"
        shutil.rmtree(self.data, ignore_errors=True)
        (self.data / "media").mkdir(parents=True)
        for path in (self.data, self.data / "media"):
            os.chown(path, USER, USER)
        config = json.loads(buildah("inspect", "--type", "image", IMAGE))["OCIv1"]["config"]
        self.environment = dict(line.split("=", 1) for line in config["Env"])
        self.command, self.user = config["Cmd"], config["User"]

    def inside(self, command: list[str], environment: dict[str, str]) -> list[str]:
        settings = [f"{name}={value}" for name, value in {**self.environment, **environment}.items()]
        start = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", START, "start"]
        changed = ["env", "--ignore-environment", f"--chdir={'/app'}", *settings, *command]
        return [*start, str(self.root), str(self.data), str(USER), *changed]

    def close(self) -> None:
        buildah("umount", self.name)
        buildah("rm", self.name)


def test(container: Container) -> None:
    # On a port, since a socket outside of the container's files could not be reached.
    redis = RedisServer(replace(EmbeddedRedis.plan(FOLDER / "redis"), port=reserve_port()))
    port = reserve_port()
    environment = {
        "SECRET_KEY": "only-for-this-test-" * 3,
        "ALLOWED_HOSTS": "localhost",
        "HTTPS": "no",
        "DATABASE_URL": "sqlite:////data/db.sqlite3",
        "REDIS_URL": redis.url,
        "BIND": f"127.0.0.1:{port}",
        "DISK_FLOOR_BYTES": "0",
    }
    url = f"http://localhost:{port}"

    def manage(*arguments: str) -> str:
        return run(*container.inside(["python3", "manage.py", *arguments], environment))

    redis.start()
    password = manage("prepare").partition("password ")[2].split()[0]
    web = Server(
        container.inside(container.command, environment),
        log=FOLDER / "web.log",
        is_ready=lambda: is_alive(f"{url}/livez"),
    )
    worker = Server(
        container.inside(procfile()["worker"].split(), environment),
        log=FOLDER / "worker.log",
        is_ready=lambda: " ready." in worker.output,
    )
    try:
        started = time.monotonic()
        web.start()
        show(f"started: {time.monotonic() - started:.1f} s until /livez answers")
        worker.start()
        check_restrictions(web)
        run(*container.inside(["python3", "-c", IS_READ_ONLY], environment))
        show("root: read-only")
        run(*container.inside(["python3", "-m", "config.probe", f"http://127.0.0.1:{port}/livez"], environment))
        ready = httpx.get(f"{url}/readyz", timeout=30)
        assert ready.json()["status"] == "ready", ready.text
        walk(url, password)
    finally:
        for server in (web, worker):
            server.kill()  # unshare ignores other signals
        redis.kill()


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def is_alive(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def check_restrictions(web: Server) -> None:
    """Look at the process itself: whose it is, and what it may do."""
    found = [
        path for path in Path("/proc").glob("[0-9]*/cmdline") if b"gunicorn" in read(path) and is_ours(path.parent)
    ]
    assert found, web.output
    status = dict(line.split(":", 1) for line in (found[0].parent / "status").read_text().splitlines())
    users, capabilities = status["Uid"].split(), int(status["CapBnd"], 16) | int(status["CapEff"], 16)
    show(f"user: {users[0]}; capabilities: {capabilities:#x}; no new privileges: {status['NoNewPrivs'].strip()}")
    assert set(users) == {str(USER)}
    assert capabilities == 0
    assert status["NoNewPrivs"].strip() == "1"


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def is_ours(process: Path) -> bool:
    return process.stat().st_uid == USER


def walk(url: str, password: str) -> None:
    """Log in, let a picture be read, wait for its feature maps, and find it in the history."""
    executable = find_chromium()
    if executable is None:
        raise SystemExit("No Chromium: install one, or name it in CHROMIUM.")
    picture = FOLDER / "seven.png"
    picture.write_bytes(digit_png(7))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(base_url=url, locale="en-GB")
        page.set_default_timeout(120_000)
        page.goto("/login/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_label("Choose files or drop them here").set_input_files(picture)
        page.wait_for_url(re.compile("/uploads/.+"))
        expect(page).to_have_title(re.compile("^7"))
        show("browser: a 7 is read")
        answer = urlsplit(page.url).path
        page.get_by_text("Feature maps", exact=True).click()
        expect(page.locator("img[src*='/feature-maps/']").first).to_be_visible(timeout=120_000)
        page.goto("/history/")
        expect(page.locator(f"a[href='{answer}']").first).to_be_visible(timeout=120_000)
        browser.close()
    show("browser: its feature maps are drawn, and it is in the history")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    build_base()
    build_image()
    megabytes = compressed_megabytes()
    show(f"size: {megabytes:.0f} MB compressed, on the base of debootstrap")
    container = Container()
    try:
        show(f"user of the image: {container.user}; command: {' '.join(container.command)}")
        test(container)
    finally:
        container.close()
    assert megabytes < MAX_COMPRESSED_MB


if __name__ == "__main__":
    main()
