"""compose.yaml, the Kubernetes manifests and the workflows fit the schemas of their makers, which are in packages."""

import copy
import json
from importlib.resources import files
from typing import Any

import kubernetes_validate
import pytest
import yaml
from check_jsonschema.regex_variants import RegexImplementation, RegexVariantName
from jsonschema import ValidationError
from jsonschema.validators import extend, validator_for

from tests.surroundings import ROOT

SCHEMAS = files("check_jsonschema") / "builtin_schemas" / "vendor"
COMPOSE = ROOT / "compose.yaml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MANIFESTS = [
    pytest.param(document, id=f"{path.stem}-{document['kind']}-{document['metadata']['name']}")
    for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    if document["kind"] != "Kustomization"  # only kubectl reads it, and it has no schema
]
VERSIONS = ["1.30", "1.37"]  # of Kubernetes


def read(path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def validator(name: str) -> Any:
    """Return a validator with the schema of this name. Its patterns are those of JavaScript."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    patterns = RegexImplementation(RegexVariantName.default)
    keywords = {"pattern": patterns.pattern_keyword, "patternProperties": patterns.patternProperties_keyword}
    return extend(validator_for(schema), keywords)(schema)


def test_compose_fits_the_schema():
    document = read(COMPOSE)
    validator("compose-spec").validate(document)
    document["services"]["web"]["comand"] = []
    with pytest.raises(ValidationError, match="comand"):
        validator("compose-spec").validate(document)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_workflow_fits_the_schema(path):
    document = read(path)
    document["on"] = document.pop(True)  # YAML 1.1 reads `on` as a boolean
    validator("github-workflows").validate(document)
    next(iter(document["jobs"].values()))["step"] = []
    with pytest.raises(ValidationError):
        validator("github-workflows").validate(document)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", MANIFESTS)
def test_each_manifest_fits_the_schema(manifest, version):
    kubernetes_validate.validate(manifest, version, strict=True)
    wrong = copy.deepcopy(manifest) | {"unknown": 1}
    with pytest.raises(kubernetes_validate.ValidationError, match="unknown"):
        kubernetes_validate.validate(wrong, version, strict=True)
