"""The bodies of what is found in the ink of a picture: digits, signs, lines, and what the answer does not explain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from mlcore.reading import result
from mlcore.reading.result import DECISIONS, MAX_GLYPHS, MAX_LINES, REASONS, SIGNS, UNREAD_KINDS
from recognizer.bodies.plain import INLINE, About, Body, choice
from recognizer.models import Prediction
from recognizer.models.stored_readings import AnswerLine, AnyGlyph, box_list, lines_of, signs_of, unread_of

BOX_HELP = "x, y, width and height in the original's pixels, after its EXIF rotation."
WRITTEN_HELP = "The number as it stands, signs included. Several lines are joined by line feeds."
VALUE_HELP = (
    "The decimal string that the written form means. `null` for dates, groups and several lines, and where a point or"
    " a comma may separate thousands and `decimal` does not say which."
)

DecisionName: TypeAlias = Annotated[str, choice(*DECISIONS)]
BoxList: TypeAlias = Annotated[list[int], About(BOX_HELP, example=[121, 64, 148, 262], minItems=4, maxItems=4)]
Written: TypeAlias = Annotated[str, About(WRITTEN_HELP, example="7")]
Value: TypeAlias = Annotated[str | None, About(VALUE_HELP, example="7", pattern=r"^-?[0-9]+(\.[0-9]+)?$")]


@dataclass(frozen=True, slots=True)
class WrittenFields(Body):
    """The number with its signs, and what it means. They stand last, so that no column of a table moves."""

    written: Written
    value: Value


@dataclass(frozen=True, slots=True)
class GlyphBody(Body):
    """One digit that was found in the picture."""

    box: BoxList
    digit: Annotated[int, About(example=7, minimum=0, maximum=9)]
    confidence: Annotated[float, About("The probability that this is a digit, and this one.", example=0.9981)]
    probabilities: Annotated[
        list[float],
        About(
            "The probabilities of the digits 0 to 9.",
            example=[0.0, 0.0011, 0.0004, 0.0001, 0.0, 0.0, 0.0, 0.9984, 0.0, 0.0],
            decimals=6,
            minItems=10,
            maxItems=10,
        ),
    ]


@dataclass(frozen=True, slots=True)
class SignBody(Body):
    """One sign of a number, such as its decimal point. It is never among the glyphs."""

    box: BoxList
    sign: Annotated[str, choice(*SIGNS)]
    confidence: Annotated[float, About("The probability that this sign stands there.", example=0.9903)]
    before_glyph: Annotated[
        int,
        About(
            "The index of the glyph that follows, among the glyphs beside it; their number at the end.",
            example=1,
            minimum=0,
            maximum=MAX_GLYPHS,
        ),
    ]


@dataclass(frozen=True, slots=True)
class UnreadBody(Body):
    """Ink that the answer does not explain, and that makes the answer unsure."""

    kind: Annotated[str, choice(*UNREAD_KINDS)]
    box: BoxList


@dataclass(frozen=True, slots=True)
class LineBody(Body):
    """One line of digits."""

    box: Annotated[BoxList, About("The smallest box around its glyphs and signs.")]
    text: Annotated[str, About("The digits alone.", example="7", pattern="^[0-9]+$")]
    written: Annotated[Written, About("The line as it stands, signs included.")]
    value: Value
    confidence: Annotated[float, About("The probability that the whole line is right.", example=0.9981)]
    decision: DecisionName
    reason: Annotated[str | None, choice(*REASONS, help="Why it is unsure, if known.", example=None)]
    glyphs: list[GlyphBody]
    signs: Annotated[list[SignBody], About("`before_glyph` counts the glyphs of this line.", example=[])]


@dataclass(frozen=True, slots=True)
class InkFields(Body):
    """The signs, the lines and the unread ink. Every form of an answer that lists its glyphs has these fields."""

    number: Annotated[WrittenFields, INLINE]
    signs: Annotated[list[SignBody], About("The signs of all lines; `before_glyph` counts all glyphs.", example=[])]
    unread: Annotated[list[UnreadBody], About("The ink that the answer does not explain.", example=[])]
    lines: Annotated[
        list[LineBody],
        About("The lines from top to bottom; one where one was read, none where rejected.", maxItems=MAX_LINES),
    ]


def written_fields(answer: result.Reading | Prediction) -> WrittenFields:
    return WrittenFields(answer.written, answer.value)


def glyph_body(glyph: AnyGlyph) -> GlyphBody:
    return GlyphBody(
        box=box_list(glyph.box),
        digit=glyph.digit,
        confidence=glyph.confidence,
        probabilities=list(glyph.probabilities),
    )


def sign_body(sign: result.Sign) -> SignBody:
    return SignBody(box_list(sign.box), sign.sign, sign.confidence, sign.before_glyph)


def unread_bodies(unread: Iterable[result.UnreadInk]) -> list[UnreadBody]:
    return [UnreadBody(ink.kind, box_list(ink.box)) for ink in unread]


def line_body(line: result.Line | AnswerLine) -> LineBody:
    return LineBody(
        box=box_list(line.box),
        text=line.text,
        written=line.written,
        value=line.value,
        confidence=line.confidence,
        decision=line.decision,
        reason=line.reason,
        glyphs=[glyph_body(glyph) for glyph in line.glyphs],
        signs=[sign_body(sign) for sign in line.signs],
    )


def ink_fields(answer: result.Reading | Prediction, glyphs: Iterable[AnyGlyph]) -> InkFields:
    lines: Sequence[result.Line | AnswerLine]
    if isinstance(answer, result.Reading):
        signs, unread, lines = answer.signs, answer.unread, answer.lines
    else:
        signs, unread, lines = signs_of(answer), unread_of(answer), lines_of(answer, glyphs)
    return InkFields(
        number=written_fields(answer),
        signs=[sign_body(sign) for sign in signs],
        unread=unread_bodies(unread),
        lines=[line_body(line) for line in lines],
    )
