"""Messages between two of our processes over a pipe: a few facts as JSON, then raw bytes.

The reader trusts nothing: sizes are bounded, and nothing that is read is ever run.
"""

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

_HEAD = struct.Struct(">II")
MAX_FACTS = 1 << 16
MAX_PAYLOAD = 1 << 28

Payload = bytes | bytearray | memoryview


class MessageError(Exception):
    """The other side broke off, or what it says is no message."""


def write_message(stream: IO[bytes], facts: Mapping[str, Any], payload: Payload = b"") -> None:
    """Raises OSError where nobody listens."""
    encoded = json.dumps(facts).encode()
    stream.write(_HEAD.pack(len(encoded), len(payload)))
    stream.write(encoded)
    stream.write(payload)
    stream.flush()


def read_message(stream: IO[bytes]) -> tuple[dict[str, Any], bytearray]:
    """The next message's facts and payload.

    Raises:
        MessageError: the stream ended, or holds no message.
    """
    facts_size, payload_size = _HEAD.unpack(_read(stream, _HEAD.size))
    if facts_size > MAX_FACTS or payload_size > MAX_PAYLOAD:
        raise MessageError("a message is too large")
    try:
        facts = json.loads(_read(stream, facts_size))
    except ValueError as error:
        raise MessageError("a message has no facts") from error
    if not isinstance(facts, dict):
        raise MessageError("a message has no facts")
    return facts, _read(stream, payload_size)


def _read(stream: IO[bytes], size: int) -> bytearray:
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        count = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            raise MessageError("the stream ended")
        done += count
    return data
