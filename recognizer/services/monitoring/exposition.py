"""The text format of Prometheus."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """The values of one metric, by their labels."""

    name: str
    kind: str  # counter, gauge or histogram
    help: str
    values: tuple[tuple[str, float], ...]  # the name with its labels, and the value


def sample(name: str, **labels: str) -> str:
    """Return the name of one value of a metric: `requests_total{route="login/",method="GET"}`."""
    if not labels:
        return name
    pairs = ",".join(f'{label}="{_escape(value)}"' for label, value in labels.items())
    return f"{name}{{{pairs}}}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def write_families(families: Iterable[Family]) -> str:
    return "".join(line + "\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {family.kind}"
    for name, value in family.values:
        yield f"{name} {value:.17g}"
