"""docs/deployment.md, followed line by line: `make deployment-test`. It needs root on a machine that it may change.

PostgreSQL, Redis, nginx and Python are Debian's packages. The lines of the page are run as they stand, but for names
and passwords. At the end a picture goes the whole way through nginx, and a backup is taken and restored.

Not run: systemd, whose units are read for what they start, as which user and where; the mail server; a certificate of
an authority, in place of which there is one of the machine's own; and logrotate.
"""

import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.deploy.image import show
from tests.deploy.page import PAGE, parse_units
from tests.pictures import digit_png
from tests.servers.process import Server, wait_until
from tests.surroundings import ROOT

HOST = "digits.example.org"
HOME, APP, BACKUPS = Path("/srv/digitscribe"), Path("/srv/digitscribe/app"), Path("/srv/backups")
NGINX_SITE = Path("/etc/nginx/conf.d/digitscribe.conf")
CERTIFICATE, KEY = Path("/etc/ssl/digitscribe.pem"), Path("/etc/ssl/digitscribe.key")
LOGS = Path("/var/log/digitscribe-test")
SERVICES = ("postgresql", "redis-server", "nginx")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    **{name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.endswith("_CA_BUNDLE")},
}


def block(text: str, language: str = "sh") -> str:
    """Return the first block of the page that contains the text."""
    return next(found for found in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if text in found)


def follow(lines: str, *, typed: str = "", folder: Path = Path("/")) -> str:
    """Run lines of the page, each by itself, and return what they print. What is typed goes to all of them."""
    shown = ""
    for line in lines.strip().splitlines():
        if line.startswith("cd "):
            folder = Path(line.removeprefix("cd "))
            continue
        if not line.strip() or "systemctl" in line:
            continue
        command = re.sub(r"^sudo -u (\S+) ", r"runuser -u \1 -- ", line)
        command = re.sub(r"^sudo (apt install)", r"\1 --yes --no-install-recommends", command).removeprefix("sudo ")
        show(f"$ {line}")
        result = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=ENVIRONMENT,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # without a terminal, `createuser` reads the password from its input
        )
        if result.returncode:
            raise SystemExit(f"{line}\n{result.stdout[-2000:]}\n{result.stderr[-4000:]}")
        shown += result.stdout
    return shown


def as_user(lines: str) -> str:
    """Run lines that the page wants to be run in the folder of the application, as its user."""
    return follow("\n".join(f"sudo -u digitscribe {line}" for line in lines.strip().splitlines()), folder=APP)


def bundle_source() -> Path:
    """Return a file with the last commit, from which git clones and pulls: it refuses a folder of another user."""
    LOGS.mkdir(exist_ok=True)
    copy, bundle = LOGS / "source", LOGS / "digitscribe.bundle"
    for command in (
        ["clone", "--quiet", ROOT, copy],
        ["-C", copy, "checkout", "--quiet", "-B", "main"],
        ["-C", copy, "bundle", "create", "--quiet", bundle, "HEAD", "main"],
    ):
        subprocess.run(["git", *command], check=True)
    return bundle


def install(password: str) -> None:
    lines = block("apt install").replace("REPOSITORY", str(bundle_source()))
    follow(lines.partition("sudo -u postgres")[0])
    for name in SERVICES:
        subprocess.run(["service", name, "start"], check=True, stdout=subprocess.DEVNULL)
    accounts = [line for line in lines.splitlines() if "sudo -u postgres" in line]
    follow("\n".join(accounts), typed=f"{password}\n{password}\n")


def write_settings(password: str) -> None:
    secret = follow(re.findall(r'`(python3 -c "import secrets[^`]*)`', PAGE)[0]).strip()
    values = {"SECRET_KEY": secret, "EMAIL_HOST_PASSWORD": "none"}
    lines = [
        f"{name}={values[name]}" if value == "…" else f"{name}={value.replace('PASSWORD', password)}"
        for name, value in (line.split("=", 1) for line in block("PRODUCTION=yes").strip().splitlines())
    ]
    path = APP / ".env"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o600)
    shutil.chown(path, "digitscribe", "digitscribe")


@contextmanager
def started() -> Iterator[None]:
    """Start what the units start, as systemd would."""
    servers = []
    for name, unit in parse_units().items():
        if "RuntimeDirectory" in unit:
            folder = Path("/run") / unit["RuntimeDirectory"]
            folder.mkdir(mode=0o755, exist_ok=True)
            shutil.chown(folder, unit["User"], unit["User"])
        settings = [f"{key}={value}" for key, value in ENVIRONMENT.items() if key in ("PATH", "LANG")]
        clean = ["env", "--ignore-environment", f"--chdir={unit['WorkingDirectory']}", *settings]
        user = ["setpriv", "--reuid", unit["User"], "--regid", unit["User"], "--init-groups"]
        command = [*user, *clean, *shlex.split(unit["ExecStart"])]
        server = Server(command, log=LOGS / f"{name}.log", is_ready=lambda: True)
        server.start()
        servers.append(server)
    try:
        yield
    finally:
        for server in servers:
            server.stop()


def set_up_nginx() -> None:
    """Write the page's site, with a certificate in place of its comment."""
    subprocess.run(
        shlex.split(
            f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN={HOST} -keyout {KEY} -out {CERTIFICATE}"
        ),
        check=True,
        capture_output=True,
    )
    lines = f"ssl_certificate {CERTIFICATE}; ssl_certificate_key {KEY};"
    site = block("proxy_request_buffering", "nginx")
    NGINX_SITE.write_text(site.replace("# ssl_certificate …; ssl_certificate_key …;", lines), encoding="utf-8")
    follow(block("www-data"))
    subprocess.run(["nginx", "-t"], check=True, capture_output=True)
    subprocess.run(["service", "nginx", "restart"], check=True, stdout=subprocess.DEVNULL)


def use(token: str) -> None:
    """Send a picture through nginx and see it again, sent by nginx and with the headers of the application."""
    url, headers = "https://127.0.0.1", {"Host": HOST, "Authorization": f"Bearer {token}"}
    with httpx.Client(verify=False, headers=headers, timeout=60) as client:
        wait_until(lambda: client.get(f"{url}/livez").status_code == 200, seconds=180, what="an answer")
        moved = httpx.get("http://127.0.0.1/history/", headers=headers, timeout=60)
        assert (moved.status_code, moved.headers["location"]) == (301, f"https://{HOST}/history/")
        assert client.get(f"{url}/readyz").json()["status"] == "ready"
        answer = client.post(f"{url}/api/v1/predictions/", files={"image": digit_png(7)})
        assert answer.status_code == 201, answer.text
        image = client.get(f"{url}/api/v1/predictions/{answer.json()['id']}/image/")
        assert image.status_code == 200, image.text
        assert re.fullmatch(r'"[0-9a-f]+-[0-9a-f]+"', image.headers["etag"]), "nginx has not sent the file"
        assert image.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert client.get(f"{url}/protected-media/models/").status_code == 404
        show(f"read through nginx: {answer.json()['text']}; the picture is sent by nginx")


def main() -> None:
    if os.geteuid() or HOME.exists():
        sys.exit(f"This needs root, and a machine without {HOME}.")
    os.umask(0o022)  # the one of systemd; `config` has set a narrower one
    began = time.monotonic()
    password = secrets.token_hex(12)
    try:
        install(password)
        write_settings(password)
        follow(block("manage.py prepare\n"), folder=APP)
        set_up_nginx()
        with started():
            token = follow("sudo -u digitscribe .venv/bin/python manage.py create_token admin", folder=APP).split()[0]
            use(token)
            follow(block("install --directory"))
            as_user(block("--keep-daily 7"))
            as_user(block("verify_backup /srv/backups"))
            as_user(block("git pull"))
            use(token)
        restore()
        show(f"docs/deployment.md was followed in {(time.monotonic() - began) / 60:.1f} minutes")
    finally:
        clean_up()


def restore() -> None:
    """Restore the backup into an empty database and an empty folder, as the page says."""
    follow("sudo -u postgres createdb --owner digitscribe restored")
    settings = APP / ".env"
    text = settings.read_text(encoding="utf-8").replace("/digitscribe\nREDIS", "/restored\nREDIS")
    settings.write_text(text.replace(f"{HOME}/media", f"{HOME}/restored"), encoding="utf-8")
    shown = as_user(block("manage.py restore"))
    assert "were restored" in shown
    show(shown.splitlines()[-1])


def clean_up() -> None:
    for database in ("digitscribe", "restored"):
        subprocess.run(["runuser", "-u", "postgres", "--", "dropdb", database], check=False, capture_output=True)
    subprocess.run(["runuser", "-u", "postgres", "--", "dropuser", "digitscribe"], check=False, capture_output=True)
    for name in reversed(SERVICES):
        subprocess.run(["service", name, "stop"], check=False, capture_output=True)
    for command in ("userdel --remove digitscribe", "groupdel digitscribe"):  # of which www-data is a member
        subprocess.run(command.split(), check=False, capture_output=True)
    for folder in (HOME, BACKUPS, LOGS, Path("/run/digitscribe")):
        shutil.rmtree(folder, ignore_errors=True)
    for path in (NGINX_SITE, CERTIFICATE, KEY):
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
