"""The check of an ONNX file by reading its protocol buffer, so that ONNX Runtime never opens what it should not.

Only fields, operators and tensors that our own export writes are allowed. External data, custom operators, functions,
subgraphs and sparse tensors have other fields.
"""

from collections.abc import Iterator

from mlcore.untrusted.archive import UntrustedError

OPERATORS = frozenset(
    {"Transpose", "Conv", "Relu", "MaxPool", "GlobalAveragePool", "Flatten", "Gemm", "Reshape", "Cast"}
)
MAX_NODES = 200
MAX_NUMBER = 64  # of a kernel, a stride or a padding
MODEL_FIELDS, GRAPH_FIELDS = {1, 2, 3, 4, 5, 6, 7, 8, 14}, {1, 2, 5, 10, 11, 12, 13}
NODE_FIELDS, ATTRIBUTE_FIELDS = {1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 4, 7, 8, 13, 20}
TENSOR_FIELDS = {1, 2, 4, 7, 8, 9, 12, 14}
GRAPH, OPSET = 7, 8
NODE, INITIALIZER = 1, 5
OPERATOR, ATTRIBUTE, DOMAIN = 4, 5, 7
INTEGER, INTEGERS = 3, 8
DATA_LOCATION = 14

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
Value = int | bytes


def check_onnx(data: bytes) -> None:
    """Raise UntrustedError unless the file is a chain of allowed operators with its weights inside."""
    model = _allowed(data, MODEL_FIELDS)
    graphs = [_bytes(value) for field, value in model if field == GRAPH]
    if len(graphs) != 1:
        raise UntrustedError("The ONNX file has no graph.")
    for field, value in model:
        if field == OPSET and any(number == 1 and part not in (b"", b"ai.onnx") for number, part in _fields(value)):
            raise UntrustedError("The ONNX file uses operators that are not part of ONNX.")
    graph = _allowed(graphs[0], GRAPH_FIELDS)
    nodes = [_bytes(value) for field, value in graph if field == NODE]
    if len(nodes) > MAX_NODES:
        raise UntrustedError("The ONNX file has too many operators.")
    for node in nodes:
        _check_node(node)
    for field, value in graph:
        if field == INITIALIZER and any(
            number == DATA_LOCATION and part for number, part in _allowed(value, TENSOR_FIELDS)
        ):
            raise UntrustedError("The ONNX file has its weights elsewhere.")


def _check_node(node: bytes) -> None:
    fields = _allowed(node, NODE_FIELDS)
    operators = [bytes(_bytes(value)).decode("ascii", "replace") for field, value in fields if field == OPERATOR]
    domains = [value for field, value in fields if field == DOMAIN]
    if any(domain not in (b"", b"ai.onnx") for domain in domains) or not set(operators) <= OPERATORS:
        raise UntrustedError(f"The ONNX file uses an operator that is not allowed: {', '.join(operators)[:40]}.")
    for field, value in fields:
        if field == ATTRIBUTE:
            for number, part in _allowed(value, ATTRIBUTE_FIELDS):
                if number in (INTEGER, INTEGERS) and any(integer > MAX_NUMBER for integer in _integers(part)):
                    raise UntrustedError("The ONNX file has an operator of an impossible size.")


def _allowed(data: Value, allowed: set[int]) -> list[tuple[int, Value]]:
    """Return the fields of a message, all of which must be allowed."""
    fields = list(_fields(data))
    if not {number for number, _ in fields} <= allowed:
        raise UntrustedError("The ONNX file has parts that are not allowed, such as external data or functions.")
    return fields


def _fields(data: Value) -> Iterator[tuple[int, Value]]:
    """Yield the number and the value of each field of a protocol buffer message."""
    message, place = _bytes(data), 0
    while place < len(message):
        key, place = _varint(message, place)
        kind, value = key & 7, b""
        if kind == VARINT:
            number, place = _varint(message, place)
            yield key >> 3, number
            continue
        if kind == BYTES:
            size, place = _varint(message, place)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise UntrustedError("The ONNX file is damaged.")
        value, place = message[place : place + size], place + size
        if place > len(message):
            raise UntrustedError("The ONNX file is damaged.")
        yield key >> 3, value


def _varint(message: bytes, place: int) -> tuple[int, int]:
    number, shift = 0, 0
    while place < len(message) and shift < 70:
        byte = message[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return number, place
        shift += 7
    raise UntrustedError("The ONNX file is damaged.")


def _bytes(value: Value) -> bytes:
    if isinstance(value, int):
        raise UntrustedError("The ONNX file is damaged.")
    return value


def _integers(value: Value) -> Iterator[int]:
    """Yield a number, or the numbers that are packed in bytes."""
    if isinstance(value, int):
        yield value
        return
    place = 0
    while place < len(value):
        number, place = _varint(value, place)
        yield number
