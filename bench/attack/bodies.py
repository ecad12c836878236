"""The largest hostile bodies: the seconds until each is answered, and the memory of the web process.

    python -m bench.attack.bodies
    python -m bench.attack.bodies --only percent

Wanted for each: at most 1 s, and 50 MB above rest while it is answered. Pictures that are large and valid need more,
because they are decoded; they are the last rows. The errors have at most 4 kB.
"""

import base64
import json
import os
from collections.abc import Iterator

from bench.attack.server import Target, target
from bench.options import create_parser
from tests.pictures import digit_png

PREDICTIONS = "/api/v1/predictions/"
MB = 1_000_000
PICTURE = 20 * 1024 * 1024
JSON = 27 * MB  # nearly the most that is read where a picture travels
BOUNDARY = "bench"
WARM_UP = 30

Body = tuple[str, str, str, str, bytes]  # name, method, path, content type, content


def picture_json(value: bytes, before: bytes = b'{"image": "', after: bytes = b'"}') -> bytes:
    return before + value + after


def repeated(part: bytes, size: int = JSON) -> bytes:
    return (part * (size // len(part) + 1))[:size]


def part(name: str, content: bytes, *headers: str, file_name: str = "") -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{file_name}"' if file_name else "")
    head = "\r\n".join((f"--{BOUNDARY}", disposition, *headers, "", ""))
    return head.encode() + content + b"\r\n"


def multipart(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def json_bodies() -> Iterator[tuple[str, bytes]]:
    """Return bodies of 27 MB for the endpoint that takes a picture in base64."""
    encoded = base64.b64encode(os.urandom(JSON * 3 // 4))
    yield "base64", picture_json(encoded)
    yield "data URL", picture_json(b"data:image/png;base64," + encoded[:-100])
    yield "base64 with line breaks", picture_json(repeated(b"QUFBQUFB\\n"))
    yield "base64 of escapes", picture_json(repeated(b"\\u0041" * 4))
    yield "percent escapes", picture_json(b"data:image/png," + repeated(b"%00", JSON - 99))
    yield "percent signs", picture_json(b"data:image/png," + repeated(b"%", JSON - 99))
    yield "spaces in base64", picture_json(repeated(b" "))
    yield "no base64", picture_json(repeated("é".encode()))
    yield "wide characters", picture_json(repeated("😀".encode()))
    yield "escaped quotes", picture_json(repeated(b'\\"'))
    yield "backslashes", picture_json(repeated(b"\\"))
    yield "name", picture_json(repeated(b"x"), b'{"name": "')
    yield "mode", picture_json(repeated(b"x"), b'{"mode": "')
    yield "unknown field", picture_json(repeated(b"x"), b'{"image": "QUFB", "other": "')
    yield (
        "two long strings",
        picture_json(repeated(b"A", JSON // 2) + b'", "image": "' + repeated(b"A", JSON // 2 - 20)),
    )
    yield "long key", b'{"' + repeated(b"x") + b'": 1}'
    yield "whitespace", repeated(b" ")
    yield "brackets", repeated(b"[")
    yield "empty objects", b"[" + repeated(b"{},") + b"{}]"
    yield "short strings", b"[" + repeated(b'"",') + b'""]'
    yield "members", b"{" + repeated(b'"a":1,') + b'"a":1}'
    yield "digits", b'{"image": ' + repeated(b"1") + b"}"
    yield "not UTF-8", repeated(b"\xff")
    yield "open string", b'{"image": "' + repeated(b"A")


def multipart_bodies() -> Iterator[tuple[str, bytes]]:
    yield "file of 20 MB", multipart(part("image", os.urandom(PICTURE), file_name="a.png"))
    yield "file of 27 MB", multipart(part("image", os.urandom(JSON), file_name="a.png"))
    encoded = base64.encodebytes(os.urandom(PICTURE))
    yield "file in base64", multipart(part("image", encoded, "Content-Transfer-Encoding: base64", file_name="a.png"))
    yield (
        "spaces as base64",
        multipart(part("image", repeated(b" "), "Content-Transfer-Encoding: base64", file_name="a.png")),
    )
    yield "a field of 27 MB", multipart(part("mode", repeated(b"x")))
    yield "a million fields", multipart(part("a", b"") * 400_000)
    yield "many files", multipart(part("image", b"x", file_name="a.png") * 300_000)
    yield "long header", multipart(part("image", b"x", "X: " + "x" * JSON, file_name="a.png"))
    yield "long file name", multipart(part("image", b"x", file_name="x" * JSON))
    yield "line breaks", repeated(b"\r\n")
    yield "near boundaries", multipart(part("image", repeated(b"\r\n--benc"), file_name="a.png"))


def bodies() -> Iterator[Body]:
    for name, content in json_bodies():
        yield f"JSON, {name}", "POST", PREDICTIONS, "application/json", content
    for name, content in multipart_bodies():
        yield f"multipart, {name}", "POST", PREDICTIONS, f"multipart/form-data; boundary={BOUNDARY}", content
    yield "picture of 20 MB", "POST", PREDICTIONS, "image/png", os.urandom(PICTURE)
    yield "picture of 27 MB", "POST", PREDICTIONS, "image/png", os.urandom(JSON)
    yield "picture of 230 MB", "POST", PREDICTIONS, "image/png", bytes(230 * MB)
    for name, content in small_bodies():
        yield f"small, {name}", "POST", f"{PREDICTIONS}bulk-delete/", "application/json", content


def small_bodies() -> Iterator[tuple[str, bytes]]:
    """Return bodies for an endpoint without a picture, which reads at most 100 kB."""
    yield "27 MB of ids", b'{"ids": [' + repeated(b'"x",') + b'"x"]}'
    yield "ids", json.dumps({"ids": ["x"] * 19_000}).encode()
    yield "one long id", json.dumps({"ids": ["x" * 99_000]}).encode()
    yield "numbers", json.dumps({"ids": [1] * 19_000}, separators=(",", ":")).encode()
    yield "long number", b'{"ids": ' + b"1" * 99_000 + b"}"


def valid_pictures() -> Iterator[Body]:
    from io import BytesIO

    from PIL import Image

    def encode(size: tuple[int, int], kind: str, mode: str = "RGB") -> bytes:
        buffer = BytesIO()
        Image.effect_noise(size, 60).convert(mode).save(buffer, kind)
        return buffer.getvalue()

    yield "PNG of 24 Mpx, RGB", "POST", PREDICTIONS, "image/png", encode((6000, 4000), "PNG")[:PICTURE]
    yield "JPEG of 12 Mpx", "POST", PREDICTIONS, "image/jpeg", encode((4000, 3000), "JPEG")
    yield "JPEG of 50 Mpx", "POST", PREDICTIONS, "image/jpeg", encode((8000, 6200), "JPEG")[:PICTURE]


def attack(to: Target, body: Body) -> None:
    name, method, path, kind, content = body
    before = to.memory_mb()
    answer = to.send(method, path, content, Content_Type=kind)
    fits = answer.seconds <= 1 and answer.peak_mb - before <= 50 and len(answer.body) <= 4000
    memory = f"{answer.peak_mb - before:+7.1f} MB meanwhile {answer.after_mb - before:+6.1f} after"
    print(
        f"{name:32s} {len(content) / MB:6.1f} MB  {answer.seconds:6.2f} s  {memory}"
        f"  {answer.status}  {len(answer.body):6d} bytes{'' if fits else '  !'}",
        flush=True,
    )


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--only", default="", help="a part of the name")
    options = parser.parse_args()
    with target() as to:
        for number in range(WARM_UP):
            to.send("POST", PREDICTIONS, digit_png(number % 10, size=200), Content_Type="image/png")
        rest = to.memory_mb()
        print(f"at rest: {rest:.1f} MB")
        for body in (*bodies(), *valid_pictures()):
            if options.only in body[0]:
                attack(to, body)
        print(f"at rest: {rest:.1f} MB before, {to.memory_mb():.1f} MB after")


if __name__ == "__main__":
    main()
