"""Files nobody vouches for, opened in a process of their own."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcore import images
from segcore.errors import BusyError, ImageError
from segcore.images import archives, decoder
from segcore.images import limits as photo_limits
from segcore.images.decoder import Decoder
from segcore.system.fair_queues import FairTurns, RateLimit
from tests.factories.hostile_files import encoded, hostile, photo, zip_of

HOSTILE = hostile()


@pytest.fixture(scope="module")
def opened() -> Iterator[Decoder]:
    with Decoder() as found:
        yield found


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_picture_or_one_sentence(name: str, opened: Decoder) -> None:
    data, refusal = HOSTILE[name]
    if refusal is None:
        assert opened.photo(data).image.dtype == np.uint8
        return
    with pytest.raises(ImageError, match=refusal) as error:
        opened.photo(data)
    assert "\n" not in str(error.value) and str(error.value).endswith(".")
    assert ": " in str(error.value)  # says what would work


def test_a_photo_is_the_same_as_decoded_here(opened: Decoder) -> None:
    data = encoded(photo(), "JPEG")
    assert np.array_equal(opened.photo(data).image, images.decode_image(data))


def test_its_process_gives_way_to_the_server_in_the_session_of_which_it_stays() -> None:
    """Each session has an equal share of the cores, however nice its processes are (autogroup)."""
    with Decoder() as found:
        found.photo(encoded(photo(), "JPEG"))
        assert found._process is not None
        pid = found._process.pid
        assert os.getsid(pid) == os.getsid(0) and os.getpgid(pid) == pid
        assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)


def test_notes_come_along(opened: Decoder) -> None:
    frames = [Image.new("RGBA", (40, 30), color) for color in ((255, 0, 0, 90), (0, 0, 0, 255))]
    data = encoded(frames[0], save_all=True, append_images=frames[1:])
    found = opened.photo(data, kept_pixels=400)
    assert found.image.shape == (15, 20, 3)
    assert found.notes == (
        "the first of 2 frames",
        "transparency shown on white",
        "reduced from 40x30",
    )


def test_a_file_over_the_limit_is_refused_unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_limits, "MAX_FILE_BYTES", photo_limits.MEGABYTE)
    with pytest.raises(ImageError, match="larger than 1 MB"), Decoder() as opened:
        opened.photo(bytes(photo_limits.MEGABYTE + 1))


def replace_process(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Decoders meet a process that runs this code instead."""
    monkeypatch.setattr(decoder, "COMMAND", (sys.executable, "-c", code))
    monkeypatch.setattr(decoder, "_spare", [])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "safely"),
        ("import sys; sys.stdin.buffer.read(10); print('hello' * 100)", "safely"),
        ("import time; time.sleep(60)", "too long"),
        (
            "import sys; from segcore.images.messages import *; read_message(sys.stdin.buffer);"
            "write_message(sys.stdout.buffer, {'size': [1000, 1000]}, b'abc')",
            "safely",
        ),
    ],
    ids=["crash", "babble", "hang", "lie"],
)
def test_what_befalls_a_process_is_one_sentence(
    code: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason == "too long":  # the others get the time to start on a busy machine
        monkeypatch.setattr(photo_limits, "DECODING_SECONDS", 2.0)
    replace_process(monkeypatch, code)
    with Decoder() as opened, pytest.raises(ImageError, match=reason):
        opened.photo(encoded(photo()))
    decoder._end_spares()


def test_the_next_file_gets_another_process() -> None:
    with Decoder() as opened:
        opened.photo(encoded(photo()))
        first = opened._process
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        with pytest.raises(ImageError):
            opened.photo(encoded(photo()))
        assert opened.photo(encoded(photo())).image.shape == (24, 32, 3)
        assert opened._process is not first


def test_each_visitor_has_a_process_of_their_own_and_leaves_none() -> None:
    with Decoder() as one, Decoder() as other:
        one.photo(encoded(photo()))
        other.photo(encoded(photo()))
        processes = one._process, other._process
        assert processes[0] is not processes[1]
    assert all(process is not None and process.poll() is not None for process in processes)


def test_memory_and_files_are_out_of_reach_of_a_process(tmp_path: Path) -> None:
    code = (
        "from segcore.images import decoder_sandbox; import socket\n"
        "decoder_sandbox._bound_memory(); decoder_sandbox._deny_system_calls()\n"
        "try: bytes(600 << 20)\n"
        "except MemoryError: print('no memory')\n"
        f"try: decoder_sandbox.Path({str(tmp_path / 'written')!r}).write_text('x')\n"
        "except OSError: print('no file')\n"
        "try: socket.socket()\n"
        "except OSError: print('no connection')\n"
    )
    process = decoder.subprocess.run(
        (sys.executable, "-c", code), capture_output=True, text=True, cwd=decoder.settings.ROOT
    )
    assert process.stdout.split("\n")[:3] == ["no memory", "no file", "no connection"]


def test_who_finds_all_processes_busy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = FairTurns()
    monkeypatch.setattr(decoder, "LIGHT", decoder.Lane(turns, 3))
    monkeypatch.setattr(decoder, "PATIENCE_SECONDS", 0.05)
    with (
        turns.turn("someone else"),
        Decoder() as opened,
        pytest.raises(BusyError, match="try again"),
    ):
        opened.photo(encoded(photo()))


def test_a_slow_photo_waits_for_other_slow_ones_and_nobody_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoder, "PATIENCE_SECONDS", 0.05)
    slow = encoded(Image.new("RGB", (4000, 4000)), "AVIF", speed=10)
    slow_pixels = photo_limits.LIGHT_SECONDS / photo_limits.SECONDS_PER_MEGAPIXEL["HEIF"]
    heic = encoded(Image.new("RGB", (4000, 4000)), "HEIF")
    assert slow_pixels < 16
    with Decoder("victim") as opened, decoder.HEAVY.turns.turn("someone else"):
        assert opened.photo(slow, kept_pixels=1000).image.size
        with pytest.raises(BusyError):
            opened.photo(heic, kept_pixels=1000)
    with Decoder("victim") as opened:
        assert opened.photo(heic, kept_pixels=1000).image.size


def test_a_photo_that_looked_light_gets_the_time_of_a_heavy_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = (
        "import sys; from segcore.images.messages import *\n"
        "facts, _ = read_message(sys.stdin.buffer)\n"
        "if facts['is_light']:\n"
        "    import os, signal; os.kill(os.getpid(), signal.SIGXCPU)\n"
        "write_message(sys.stdout.buffer, {'size': [1, 1]}, b'abc')\n"
        "write_message(sys.stdout.buffer, {'end': True})\n"
    )
    replace_process(monkeypatch, code)
    with Decoder() as opened:
        assert opened.photo(b"x").image.tolist() == [[[97, 98, 99]]]
    decoder._end_spares()


def test_opening_counts_against_the_allowance() -> None:
    limit = RateLimit(burst=1.0, clock=lambda: 0.0)
    with Decoder("visitor", limit) as opened:
        opened.photo(encoded(photo()))
        limit.charge("visitor", 1.0)
        with pytest.raises(BusyError, match="free in"):
            opened.photo(encoded(photo()))
    with Decoder("other", limit) as opened:
        opened.photo(encoded(photo()))


# --- archives ------------------------------------------------------------------------------------


def listed(data: bytes) -> dict[str, str | None]:
    with Decoder() as opened:
        return dict(opened.archive(data))


def test_photos_come_out_of_an_archive_under_their_last_name() -> None:
    files = {
        "trip/one.png": b"1",
        "../../etc/passwd": b"2",
        "C:\\photos\\three.png": b"3",
        "__MACOSX/trip/._one.png": b"-",
        ".DS_Store": b"-",
        "trip/": b"",
    }
    assert listed(zip_of(files)) == {"one.png": None, "passwd": None, "three.png": None}
    assert archives.read_file(zip_of(files), 1) == b"2"


def test_a_photo_of_an_archive_is_opened_by_its_number(opened: Decoder) -> None:
    packed = zip_of({".hidden": b"-", "a.txt": b"a", "b.png": encoded(photo())})
    assert np.array_equal(opened.photo(packed, entry=1).image, np.asarray(photo()))
    with pytest.raises(ImageError, match="no format"):
        opened.photo(packed, entry=0)
    with pytest.raises(ImageError, match="does not hold"):
        opened.photo(packed, entry=2)


def test_a_bomb_in_an_archive_is_left_out_and_the_others_go_on() -> None:
    packed = zip_of({"bomb.png": bytes(3_000_000), "fine.png": b"abc"})
    found = listed(packed)
    assert "far more" in str(found["bomb.png"]) and found["fine.png"] is None
    with pytest.raises(ImageError, match="far more"):
        archives.read_file(packed, 0)
    assert archives.read_file(packed, 1) == b"abc"


def test_an_archive_that_lies_about_a_size_is_not_believed() -> None:
    packed = bytearray(zip_of({"a.png": bytes(range(256)) * 40}, method=0))
    place = packed.rindex(b"PK\x01\x02")
    packed[place + 24 : place + 28] = (10).to_bytes(4, "little")  # the unpacked size
    with pytest.raises(ImageError, match="damaged"):
        archives.read_file(bytes(packed), 0)


def test_locked_files_are_named_as_such() -> None:
    packed = bytearray(zip_of({"a.png": b"abc"}))
    packed[packed.rindex(b"PK\x01\x02") + 8] |= 1
    assert "password" in str(listed(bytes(packed))["a.png"])


def test_too_many_or_too_large_archives_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match="201 files"):
        listed(zip_of({f"{number}.png": b"x" for number in range(201)}))
    many = {f"{number}.bin": bytes(24 << 20) for number in range(2)}
    monkeypatch.setattr(archives.limits, "MAX_ARCHIVE_RATIO", 10_000)
    monkeypatch.setattr(archives.limits, "MAX_ARCHIVE_BYTES", 40 << 20)
    with pytest.raises(ImageError, match="more than 40 MB"):
        archives.list_files(zip_of(many))
    with pytest.raises(ImageError, match="damaged"):
        listed(b"PK\x03\x04" + bytes(100))


def test_a_process_waits_for_the_next_visitor() -> None:
    with Decoder() as opened:
        opened.photo(encoded(photo()))
    waiting = decoder._spare[0]
    with Decoder() as opened:
        opened.photo(encoded(photo()))
        assert opened._process is waiting
