"""The dashboard and the alert rules name only metrics that exist, with labels that they have."""

import json
import re

import pytest
import yaml

from recognizer.services.database_metrics import fetch_families
from recognizer.services.monitoring.requests import BREAKER_OPENED, REQUESTS, SECONDS, THROTTLED
from tests.surroundings import ROOT

FOLDER = ROOT / "deploy" / "monitoring"
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))
ALERTS = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
NAME = re.compile(r"\b(digitscribe_[a-z_]+?)(?:_bucket|_sum|_count)?\b(?![a-z_])")
ELSEWHERE = {"digitscribe_last_backup_timestamp_seconds", "digitscribe_database_up", "digitscribe_breaker_open"}


def expressions() -> list[str]:
    targets = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return targets + [rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]]


@pytest.mark.django_db
def test_every_metric_exists_and_is_described():
    existing = {family.name for family in fetch_families()} | ELSEWHERE
    existing |= {REQUESTS, SECONDS, THROTTLED, BREAKER_OPENED}
    used = {name for expression in expressions() for name in NAME.findall(expression)}
    assert len(used) > 12
    assert used - existing == set()
    assert set(re.findall(r"`(digitscribe_[a-z_]+)`", PAGE)) == existing


def test_expressions_are_balanced():
    for expression in expressions():
        for opening, closing in ("()", "{}", "[]"):
            assert expression.count(opening) == expression.count(closing), expression
        assert expression.count('"') % 2 == 0


@pytest.mark.django_db
def test_what_every_web_server_tells_of_the_database_is_counted_once():
    shared = {family.name for family in fetch_families()}
    found = {
        (name, innermost_aggregation(expression, match.start()))
        for expression in expressions()
        for match in NAME.finditer(expression)
        if (name := match[1]) in shared
    }
    assert len(found) > 8
    assert {name for name, aggregation in found if aggregation == "sum"} == set()


def innermost_aggregation(expression: str, position: int) -> str | None:
    """Return the aggregation that takes what stands at the position, such as `max`, or None without one."""
    opened: list[str] = []
    for index, letter in enumerate(expression[:position]):
        if letter == "(":
            called = re.search(r"(\w+)( by \([^)]*\))? ?$", expression[:index])
            opened.append(called[1] if called else "")
        elif letter == ")":
            opened.pop()
    return next((name for name in reversed(opened) if name in ("sum", "max", "min")), None)


def test_panels_have_their_own_place_and_number():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in panels)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _y in cells) < 24


def test_every_alert_has_a_severity_and_a_summary():
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"].endswith(".")
