"""The workflow publishes only an image that was tested and scanned before."""

from typing import Any

import yaml

from tests.surroundings import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"


def read_workflow(name: str) -> dict[Any, Any]:
    workflow: dict[Any, Any] = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    return workflow


def test_a_release_waits_for_every_other_job():
    jobs = read_workflow("image.yml")["jobs"]
    assert set(jobs["publish"]["needs"]) == jobs.keys() - {"publish"}
    assert jobs["tests"]["uses"] == "./.github/workflows/tests.yml"
    assert jobs["tests"]["if"] == jobs["publish"]["if"]
    triggers = read_workflow("tests.yml")[True]  # YAML reads `on` as a boolean
    assert "workflow_call" in triggers


def test_a_release_is_pushed_after_it_was_scanned():
    steps = read_workflow("image.yml")["jobs"]["publish"]["steps"]
    uses = [(step.get("uses", "").partition("@")[0], step.get("with", {})) for step in steps]
    (scan,) = (place for place, (action, _options) in enumerate(uses) if action == "aquasecurity/trivy-action")
    builds = [place for place, (action, _options) in enumerate(uses) if action == "docker/build-push-action"]
    scanned, pushed = builds
    assert scanned < scan < pushed
    assert (uses[scanned][1]["load"], "push" in uses[scanned][1], uses[pushed][1]["push"]) == (True, False, True)
    assert uses[scanned][1]["tags"] == uses[scan][1]["image-ref"]
    assert uses[scan][1]["exit-code"] == "1"
    for option in ("context", "target", "build-args"):
        assert uses[scanned][1][option] == uses[pushed][1][option]
    assert uses[scanned][1]["platforms"] in uses[pushed][1]["platforms"].split(",")
