"""The pattern language for written forms, such as `99-99-9999`.

| in a pattern | stands for |
|---|---|
| `9` | one digit |
| a sign or a space | itself |
| `\\` before a digit | this digit itself |
| `?` behind one of these | that it may be missing |
| `*` behind one of these | that it stands any number of times, or not at all |
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from mlcore.reading.result import SIGNS

ANY_DIGIT = "9"
LITERALS = frozenset(SIGNS) | {" "}
MAX_ELEMENTS = 60


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a pattern."""

    characters: frozenset[str]
    is_optional: bool = False
    repeats: bool = False


@dataclass(frozen=True)
class Pattern:
    """A pattern that is checked when it is made. Raise ValueError, whose text can be shown, if it is wrong."""

    source: str

    def __post_init__(self) -> None:
        if not any(element.characters & set("0123456789") for element in self.elements):
            raise ValueError("A pattern needs at least one digit. Write 9 for each digit.")
        if len(self.elements) > MAX_ELEMENTS:
            raise ValueError(f"A pattern has at most {MAX_ELEMENTS} places.")

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        elements: list[Element] = []
        characters = iter(self.source)
        for character in characters:
            if character == "?" or character == "*":
                if not elements or elements[-1].is_optional:
                    raise ValueError(f"In a pattern, {character} stands behind a digit or a sign.")
                elements[-1] = Element(elements[-1].characters, is_optional=True, repeats=character == "*")
            elif character == "\\":
                literal = next(characters, "")
                if not (literal.isascii() and literal.isdigit()):
                    raise ValueError("In a pattern, a backslash stands before a digit.")
                elements.append(Element(frozenset(literal)))
            elif character == ANY_DIGIT:
                elements.append(Element(frozenset("0123456789")))
            elif character in LITERALS:
                elements.append(Element(frozenset(character)))
            else:
                advice = f" Write 9 for any digit, \\{character} for this one." if character.isdigit() else ""
                raise ValueError(f"A pattern cannot hold {character!r}.{advice}")
        return tuple(elements)

    def fits(self, written: str) -> bool:
        return len(self.elements) in self._places_after(written)

    def may_begin(self, prefix: str) -> bool:
        """Return whether a written form that begins like this can still fit."""
        return bool(self._places_after(prefix))

    def _places_after(self, written: str) -> frozenset[int]:
        """Return the places at which the pattern may stand after these characters."""
        places = _skip(self, frozenset({0}))
        for character in written:
            places = _step(self, places, character)
        return places


@lru_cache(maxsize=4096)  # a search takes the same steps thousands of times
def _step(pattern: Pattern, places: frozenset[int], character: str) -> frozenset[int]:
    """Return the places at which the pattern may stand one character later."""
    elements = pattern.elements
    return _skip(
        pattern,
        frozenset(
            place if elements[place].repeats else place + 1
            for place in places
            if place < len(elements) and character in elements[place].characters
        ),
    )


@lru_cache(maxsize=4096)
def _skip(pattern: Pattern, places: frozenset[int]) -> frozenset[int]:
    """Return the places and those behind them that are reached by leaving optional elements out."""
    reached = set(places)
    for place, element in enumerate(pattern.elements):
        if place in reached and element.is_optional:
            reached.add(place + 1)
    return frozenset(reached)
