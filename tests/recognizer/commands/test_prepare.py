"""Tests of `prepare`: what it says before an update, and what it refuses."""

import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from recognizer.models import Audit, Backup, ModelVersion
from recognizer.services import upgrade
from recognizer.services.quality.audits import fill_texts
from recognizer.services.upgrade import plan_upgrade
from tests.readings import make_reading, store_reading
from tests.surroundings import ROOT

pytestmark = pytest.mark.django_db
(LAST,) = MigrationLoader(None).graph.leaf_nodes("recognizer")


def forget(app: str, name: str) -> None:
    MigrationRecorder(connection).migration_qs.filter(app=app, name=name).delete()


def run(*arguments: str) -> tuple[str, str]:
    out, errors = StringIO(), StringIO()
    call_command("prepare", *arguments, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


def test_check_changes_nothing(alice):
    shown, _errors = run("--check")
    assert shown == "The tables are those of this release.\n"
    assert not ModelVersion.objects.exists()


def test_check_names_missing_migrations_and_the_age_of_the_backup(alice):
    forget(*LAST)
    shown, errors = run("--check")
    assert shown == f"migration {LAST[0]}.{LAST[1]}\n"
    assert "No backup was ever taken" in errors
    Backup.objects.create(place="x", snapshot="y", rows=1, files=1, bytes=1, seconds=1.0)
    assert "The last backup is 0 hours old" in run("--check")[1]


def test_a_new_installation_is_not_asked_for_a_backup():
    forget(*LAST)
    assert run("--check")[1] == ""


def test_a_database_of_a_newer_release_is_refused():
    MigrationRecorder(connection).record_applied("recognizer", "9999_later")
    with pytest.raises(CommandError, match=r"Nothing was changed.*newer release.*recognizer\.9999_later"):
        run()
    assert not ModelVersion.objects.exists()


def test_a_full_volume_is_refused(monkeypatch):
    usage = namedtuple("usage", ["total", "used", "free"])
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 10**9, 10**6))
    with pytest.raises(CommandError, match="has 1 MB of free space"):
        run()
    assert not ModelVersion.objects.exists()


def test_another_python_is_refused(monkeypatch):
    monkeypatch.setattr(upgrade, "PYTHONS", ((3, 9), (3, 10)))
    with pytest.raises(CommandError, match=r"Use Python 3\.9 to 3\.10"):
        run("--check")


def test_the_pythons_are_those_of_pyproject():
    (oldest, before_newest) = upgrade.PYTHONS
    wanted = f'requires-python = ">={oldest[0]}.{oldest[1]},<3.{before_newest[1] + 1}"'
    assert wanted in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_a_forgotten_update_of_a_package_is_named(settings, tmp_path: Path):
    assert plan_upgrade().warnings == []
    settings.BASE_DIR = tmp_path
    (tmp_path / "requirements-serve.txt").write_text("django==5.2.0 \\\n    --hash=sha256:0\nnot-here==1.0 \\\n")
    (warning,) = plan_upgrade().warnings
    assert "django 5." in warning
    assert "instead of 5.2.0" in warning
    assert "not-here" not in warning


@pytest.mark.django_db(transaction=True)
def test_a_backup_is_taken_before_anything_is_changed(alice, tmp_path: Path):
    shown, _errors = run("--backup", str(tmp_path / "all.zip"))
    assert (tmp_path / "all.zip").exists()
    assert "rows" in shown
    assert ModelVersion.objects.exists()


@pytest.fixture
def audits_without_text(alice, model, settings) -> list[Audit]:
    """Return audits as a process of a release before migration 0044 saves them."""
    settings.AUDITED_SHARE = 1.0
    for number in range(5):
        store_reading(make_reading(f"190{number}"), owner=alice)
    Audit.objects.update(text="")
    return list(Audit.objects.order_by("pk"))


def texts_are_those_of_predictions() -> list[bool]:
    rows = Audit.objects.order_by("pk").values_list("text", "prediction__text")
    return [text == read for text, read in rows]


def test_audits_of_older_processes_get_their_texts(audits_without_text, monkeypatch):
    monkeypatch.setattr("recognizer.services.quality.audits.FILLED_AT_ONCE", 2)
    run()
    assert texts_are_those_of_predictions() == [True] * 5
    run()
    assert texts_are_those_of_predictions() == [True] * 5


@pytest.mark.django_db(transaction=True)
def test_the_texts_of_audits_wait_for_no_correction(audits_without_text):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks no rows")

    def fill() -> None:
        fill_texts()
        connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as thread:
        Audit.objects.filter(pk=audits_without_text[2].pk).update(is_right=True)
        thread.submit(fill).result(timeout=60)
    assert texts_are_those_of_predictions() == [True, True, False, True, True]
