"""What a file says that it is, looked at without loading it: ONNX, whole, and nothing beside it.

An ONNX file is a protobuf message. It may keep its arrays in other files, by any path: a library
that loads it would open those. Only the outlines of messages are read here, never their arrays.
"""

from collections.abc import Iterator, Mapping

from segcore.errors import UnreadableError

MAX_BYTES = 512 << 20
MAX_FIELDS = 2_000_000
MAX_DEPTH = 32

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""How protobuf writes a field."""

HELD: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Message -> which of its fields hold messages that may hold a tensor (onnx.proto)."""

EXTERNAL_DATA, DATA_LOCATION = 13, 14
"""Fields of a tensor whose values are in another file."""

GRAPH, OPSETS = 7, 8


def require_plain_onnx(data: bytes) -> None:
    """Raises UnreadableError where it is no whole ONNX file, or one that names other files."""
    seen = _Look()
    seen.at(memoryview(data), "model", 0)
    if not {GRAPH, OPSETS} <= seen.of_model:
        raise UnreadableError("is no ONNX file")


class _Look:
    def __init__(self) -> None:
        self.fields = 0
        self.of_model: set[int] = set()

    def at(self, message: memoryview, kind: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise UnreadableError("nests too deeply for a network")
        for number, value in _fields(message):
            self.fields += 1
            if self.fields > MAX_FIELDS:
                raise UnreadableError("holds too much that is no array")
            if kind == "model":
                self.of_model.add(number)
            if kind == "tensor" and (
                number == EXTERNAL_DATA or (number == DATA_LOCATION and value)
            ):
                raise UnreadableError("keeps its weights in another file; save it as one file")
            inner = HELD[kind].get(number)
            if inner is not None and isinstance(value, memoryview):
                self.at(value, inner, depth + 1)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field. Raises UnreadableError."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if wire == BYTES:
            length, place = _varint(message, place)
        elif wire in (FIXED64, FIXED32):
            length = 8 if wire == FIXED64 else 4
        else:
            raise UnreadableError("is no ONNX file")
        if length > len(message) - place:
            raise UnreadableError("is no ONNX file, or was cut off")
        yield number, message[place : place + length]
        place += length


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise UnreadableError("is no ONNX file, or was cut off")
