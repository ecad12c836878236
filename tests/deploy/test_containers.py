"""The image, compose.yaml and the Kubernetes manifests agree with the software and with each other."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from django.urls import resolve

from config.env import setting_names
from config.gunicorn import graceful_timeout
from config.supervisor import TRAINER_OPTIONS
from recognizer.release import RELEASE
from tests.deploy.page import PAGE
from tests.surroundings import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
MANIFESTS = [
    document
    for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines())
OURS = {"prepare", "web", "worker", "beat", "trainer"}
SET_BY_COMPOSE = {
    *("PRODUCTION", "DEBUG", "ALLOWED_HOSTS", "BIND", "MEDIA_ACCEL_PREFIX"),
    *("SECRET_KEY", "DATABASE_URL", "DATABASE_PASSWORD", "REDIS_URL", "REDIS_PASSWORD"),
    *("MEDIA_ROOT", "STATIC_ROOT", "RUN_ROOT", "MODEL_CACHE_ROOT", "METRICS_ROOT", "TRAINING_ROOT"),
    *("WATCH_FOLDER", "WATCH_USER", "WATCH_PRESET"),
}
SETTINGS = setting_names() | {f"{name}_FILE" for name in setting_names()}


def of_kind(*kinds: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in MANIFESTS if each["kind"] in kinds}


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the specification of the pods of each workload."""
    for name, each in of_kind("Deployment", "Job").items():
        yield name, each["spec"]["template"]["spec"]
    for name, each in of_kind("CronJob").items():
        yield name, each["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_the_processes_start_the_commands_of_the_procfile():
    for name in ("web", "worker", "beat"):
        assert " ".join(COMPOSE["services"][name]["command"]) == PROCFILE[name]
        container = of_kind("Deployment")[f"digitscribe-{name}"]["spec"]["template"]["spec"]["containers"][0]
        assert " ".join(container["command"]) == PROCFILE[name]
    assert " ".join(COMPOSE["services"]["prepare"]["command"]) == PROCFILE["release"]
    (command,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert " ".join(yaml.safe_load(command)) == PROCFILE["web"]


def test_the_training_worker_starts_the_command_of_make_run():
    wanted = ["nice", *PROCFILE["worker"].split(), *TRAINER_OPTIONS, "--queues", "digitscribe.train"]
    assert COMPOSE["services"]["trainer"]["command"] == wanted


def test_the_optional_services_are_the_training_worker_and_the_object_store():
    profiles = {name: service["profiles"] for name, service in COMPOSE["services"].items() if "profiles" in service}
    assert profiles == {"trainer": ["training"], "store": ["store"]}
    for name, service in COMPOSE["services"].items():
        required = {other for other, how in service.get("depends_on", {}).items() if how.get("required", True)}
        assert not required & profiles.keys(), name


def test_the_object_store_has_the_bucket_and_the_address_of_the_settings():
    """docs/containers.md tells what to write into .env."""
    store, settings = COMPOSE["services"]["store"], COMPOSE["x-application"]["environment"]
    (volume,) = store["volumes"]
    root = store["command"][-1]
    assert settings["S3_BUCKET"] == f"${{S3_BUCKET:-{volume.partition(':')[2].removeprefix(f'{root}/')}}}"
    page = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
    (port,) = (each for each in store["command"] if each.startswith(":"))
    assert f"S3_ENDPOINT=http://store{port}" in page
    written = dict(re.findall(r"^([A-Z_0-9]+)=(.+)$", page, re.MULTILINE))
    assert written["COMPOSE_PROFILES"] == "store"
    assert written["MEDIA_STORAGE"] == "s3"
    assert written.keys() - {"COMPOSE_PROFILES"} <= settings.keys()


def test_every_setting_exists():
    trainer = {**COMPOSE["services"]["trainer"]["environment"]}
    del trainer["KERAS_HOME"]
    environments = [COMPOSE["x-application"]["environment"], trainer, of_kind("ConfigMap")["digitscribe"]["data"]]
    (image,) = re.findall(r"^ENV PATH=.*?(?=^\w)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    names = set(re.findall(r"([A-Z_]+)=", image)) - {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    assert names >= {"PRODUCTION", "BIND", "MEDIA_ROOT"}
    for environment in environments:
        names |= environment.keys()
    assert names - SETTINGS == set()


def test_compose_passes_every_setting_on_that_it_does_not_set():
    environment = COMPOSE["x-application"]["environment"]
    passed = {name for name, value in environment.items() if value.startswith(f"${{{name}:-")}
    assert passed | SET_BY_COMPOSE == setting_names()
    assert passed & SET_BY_COMPOSE == set()


def test_settings_that_compose_passes_empty_have_their_defaults():
    environment = COMPOSE["x-application"]["environment"]
    empty = {name: "" for name, value in environment.items() if value == f"${{{name}:-}}"}
    assert len(empty) > 40
    assert settings_with(empty) == settings_with(dict.fromkeys(empty))


def settings_with(changes: Mapping[str, str | None]) -> str:
    """Return all settings of a process whose environment has these variables, or lacks those that are None."""
    changed = {name: value for name, value in (os.environ | changes).items() if value is not None}
    command = [sys.executable, "manage.py", "diffsettings", "--all"]
    done = subprocess.run(command, cwd=ROOT, env=changed, check=True, capture_output=True, text=True)
    return done.stdout


def test_containers_have_the_time_to_end_their_requests():
    web = of_kind("Deployment")["digitscribe-web"]["spec"]["template"]["spec"]
    assert web["terminationGracePeriodSeconds"] > graceful_timeout
    assert int(COMPOSE["services"]["web"]["stop_grace_period"].removesuffix("s")) > graceful_timeout


def test_compose_asks_for_four_values_and_has_a_default_for_each_other():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    without_default = {name for name, rest in re.findall(r"\$\{(\w+)([^}]*)\}", text) if not rest.startswith(":-")}
    from_environment = {secret["environment"] for secret in COMPOSE["secrets"].values()}
    example = (ROOT / "deploy" / "compose" / "env.example").read_text(encoding="utf-8")
    assert without_default | from_environment == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))


def test_every_container_of_ours_is_restricted():
    for name in OURS:
        service = COMPOSE["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["tmpfs"] == ["/tmp"]
    found = list(pods())
    assert len(found) == 5
    for _name, pod in found:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"].keys() == {"requests", "limits"}


def test_only_nginx_is_reachable_from_outside():
    assert [name for name, service in COMPOSE["services"].items() if service.get("ports")] == ["nginx"]


def test_every_volume_and_secret_of_a_service_exists():
    for service in COMPOSE["services"].values():
        named = [volume.split(":")[0] for volume in service.get("volumes", []) if not volume.startswith(".")]
        assert set(named) <= COMPOSE["volumes"].keys()
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
        assert set(service.get("depends_on", {})) <= COMPOSE["services"].keys()
        for path in service.get("volumes", []):
            assert not path.startswith(".") or (ROOT / path.split(":")[0]).is_file()
    environment = COMPOSE["x-application"]["environment"]
    files = {value for name, value in environment.items() if name.endswith("_FILE") and name not in setting_names()}
    assert files == {f"/run/secrets/{name}" for name in COMPOSE["x-application"]["secrets"]}


def test_every_volume_of_a_pod_exists():
    claims = of_kind("PersistentVolumeClaim")
    for _name, pod in pods():
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for volume in volumes.values():
            claim = volume.get("persistentVolumeClaim")
            assert claim is None or claim["claimName"] in claims
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes.keys()
            assert [source["configMapRef"]["name"] for source in container["envFrom"]] == ["digitscribe"]


def test_selectors_find_the_labels_of_their_pods():
    deployments = of_kind("Deployment")
    for each in deployments.values():
        assert each["spec"]["selector"]["matchLabels"] == each["spec"]["template"]["metadata"]["labels"]
    web = deployments["digitscribe-web"]["spec"]["template"]["metadata"]["labels"]
    assert of_kind("Service")["digitscribe-web"]["spec"]["selector"] == web
    assert of_kind("NetworkPolicy")["digitscribe-web"]["spec"]["podSelector"]["matchLabels"] == web


def test_probes_ask_addresses_that_exist_as_a_host_that_is_allowed():
    hosts = of_kind("ConfigMap")["digitscribe"]["data"]["ALLOWED_HOSTS"].split(",")
    (container,) = of_kind("Deployment")["digitscribe-web"]["spec"]["template"]["spec"]["containers"]
    probes = {kind: container[kind]["httpGet"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {kind: probe["path"] for kind, probe in probes.items()} == {
        "startupProbe": "/livez",
        "livenessProbe": "/livez",  # a restart repairs neither the database nor the storage
        "readinessProbe": "/readyz",
    }
    for probe in probes.values():
        assert resolve(probe["path"])
        assert probe["httpHeaders"] == [{"name": "Host", "value": hosts[0]}]
        assert probe["port"] in [port["name"] for port in container["ports"]]
    assert '"http://127.0.0.1:8000/livez"' in DOCKERFILE


def test_the_kustomization_lists_every_manifest():
    (kustomization,) = (each for each in MANIFESTS if each["kind"] == "Kustomization")
    folder = ROOT / "deploy" / "kubernetes"
    assert set(kustomization["resources"]) == {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert kustomization["images"][0]["newTag"] == RELEASE


def test_nginx_of_compose_sends_the_headers_of_the_deployment_page():
    """tests/recognizer/test_deployment_page.py compares those with the application."""
    location = re.compile(r"location /protected-media/ \{(.*?)\n    \}", re.DOTALL)
    page = location.search(PAGE)
    conf = location.search((ROOT / "deploy" / "compose" / "nginx.conf").read_text(encoding="utf-8"))
    assert page is not None
    assert conf is not None
    headers = [dict(re.findall(r"add_header (\S+) (.+?) always;", text[1])) for text in (page, conf)]
    for each in headers:  # in compose only if the application sends it, since it may run without HTTPS
        each.pop("Strict-Transport-Security")
    assert headers[0] == headers[1]


@pytest.mark.parametrize("name", ["config", "recognizer", "mlcore", "static", "templates", "manage.py"])
def test_the_image_gets_what_it_copies(name: str):
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert f"!{name}" in ignored
    assert re.search(rf"^COPY .*\b{re.escape(name)}\b", DOCKERFILE, re.MULTILINE)


def test_the_image_contains_no_secret_and_no_data():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    assert not {"!.env", "!media", "!.run", "!db.sqlite3"} & set(ignored)
