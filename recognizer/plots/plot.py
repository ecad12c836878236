"""The parts that all plots share: title, summary, table, and SVG elements with escaped text."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.formats import number_format
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 440.0, 300.0  # of the drawing in its own units; plots.css says how high a text is


@dataclass(frozen=True)
class Table:
    """The numbers of a plot as text. The first cell of a row names it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Plot(ABC):
    """One figure. `name` is unique on its page and starts the ids of its elements."""

    name: str
    title: str

    @property
    @abstractmethod
    def summary(self) -> str:
        """Return one or two sentences that say what the plot shows, with its most important numbers."""

    @abstractmethod
    def table(self) -> Table: ...

    @abstractmethod
    def draw(self, svg: Element) -> None:
        """Add the plot's shapes to the SVG element."""

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height of the drawing."""
        return WIDTH, HEIGHT

    @property
    def headroom(self) -> float:
        """Return the height above the drawing that its legend needs."""
        return 0.0

    def svg(self) -> SafeString:
        """Return the drawing. Title and summary beside it describe it, so its shapes are hidden from screen readers."""
        width, height = self.size
        top = coordinate(-self.headroom)
        svg = Element(
            "svg",
            {
                "class": "plot-drawing",
                "viewBox": f"0 {top} {coordinate(width)} {coordinate(height + self.headroom)}",
                "role": "img",
                "aria-labelledby": f"{self.name}-title",
                "aria-describedby": f"{self.name}-summary",
            },
        )
        self.draw(svg)
        return mark_safe(tostring(svg, encoding="unicode"))  # noqa: S308  (ElementTree escapes every text and value)


def coordinate(value: float) -> str:
    """Return a length for SVG, with a decimal point in every language."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def add(parent: Element, tag: str, css_class: str = "", tooltip: str = "", **attributes: float | str) -> Element:
    """Append an SVG element. Browsers show `tooltip` while the pointer is on it."""
    values = {
        name.replace("_", "-"): value if isinstance(value, str) else coordinate(value)
        for name, value in attributes.items()
    }
    element = SubElement(parent, tag, {"class": css_class, **values} if css_class else values)
    if tooltip:
        SubElement(element, "title").text = tooltip
    return element


def add_text(parent: Element, text: str, x: float, y: float, css_class: str = "") -> Element:
    element = add(parent, "text", css_class, x=x, y=y)
    element.text = text
    return element


def path_through(points: Iterable[tuple[float, float]]) -> str:
    """Return the `d` attribute of straight lines through the points."""
    return "M" + "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in points)


def write_number(value: float, *, percent: bool = False) -> str:
    """Return a number with as many decimals as it needs, in the person's language."""
    if isinstance(value, int) and 0 <= value < 1000 and not percent:
        return str(value)  # the same in each language; a table of digits has a hundred of them
    shown = 100 * value if percent else value
    fine = (1 if percent else 0) if abs(shown) >= 100 else 2 if abs(shown) >= 1 or percent else 3
    rounded = round(shown, fine)  # number_format() cuts decimals off instead of rounding
    decimals = next((count for count in range(fine) if round(rounded, count) == rounded), fine)
    text = str(number_format(rounded, decimals, force_grouping=True))
    return f"{text}\N{NO-BREAK SPACE}%" if percent else text
