"""The HTTP API as a program uses it; predictions follow the image's red, no network loads."""

import asyncio
import io
import json
import math
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.types import Message

from segcore.images import decoder
from segcore.labels import CITYSCAPES, IDS
from segcore.system.fair_queues import FairTurns, RateLimit
from studio import engine
from studio.cache import networks
from studio.server import api, bodies
from studio.server.routes import ROUTES
from tests.factories.hostile_files import encoded, hostile
from tests.factories.made_runs import make_run
from tests.studio.test_upload_page import BLACK, RED, follow_red

APP = Starlette(routes=ROUTES)
FORM = b'--XX\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n'


class Answer(NamedTuple):
    status: int
    kind: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def request(
    path: str,
    body: bytes | None = None,
    *,
    said: int | None = None,
    ends: bool = True,
    **headers: str,
) -> Answer:
    """What the server answers to a GET, or with a body to a POST that says so many bytes."""
    path, _, query = path.partition("?")
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    if body is not None:
        raw.append((b"content-length", b"%d" % (len(body) if said is None else said)))
    coming = [{"type": "http.request", "body": body or b"", "more_body": not ends}]
    answered: list[Message] = []

    async def receive() -> Message:
        if coming:
            return coming.pop(0)
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answered.append(message)

    scope = {
        "type": "http",
        "method": "GET" if body is None else "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"studio"), *raw],
        "client": ("192.0.2.7", 1),
        "server": ("studio", 80),
        "scheme": "http",
    }
    await APP(scope, receive, send)
    kind = dict(answered[0]["headers"]).get(b"content-type", b"").decode()
    return Answer(answered[0]["status"], kind, b"".join(one["body"] for one in answered[1:]))


def ask(path: str, body: bytes | None = None, **more: Any) -> Answer:
    return asyncio.run(request(path, body, **more))


def predict(data: bytes, **query: str) -> Answer:
    return ask(f"/api/predict?{urlencode(query)}", data)


@pytest.fixture(autouse=True)
def run(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of the one run that there is."""
    monkeypatch.delenv("SEGCORE_API", raising=False)
    monkeypatch.setattr(engine, "load", lambda *runs: None)
    monkeypatch.setattr(networks, "load_fastest_predictor", follow_red)
    monkeypatch.setattr(api, "ALLOWANCE", RateLimit(clock=lambda: 0.0))
    return make_run("unet", camvid).name


def test_the_labels_come_back_as_asked_for(run: str) -> None:
    half = np.zeros((32, 48, 3), np.uint8)
    half[:, :24, 0] = 255  # road where it is red, sky elsewhere
    photo = encoded(Image.fromarray(half))
    truth = np.where(half[..., 0] > 0, IDS["road"], IDS["sky"])
    ids = predict(photo, run=run, output="ids")
    assert ids.kind == "image/png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(ids.body))), truth)
    color = predict(photo, run=run, output="color")
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(color.body))), CITYSCAPES.colorize(truth)
    )
    overlay = predict(photo, run=run, output="overlay")
    assert overlay.kind == "image/jpeg" and Image.open(io.BytesIO(overlay.body)).size == (48, 32)
    found = predict(photo, run=run)
    assert found.json["class_shares"] == {"road": 0.5, "sky": 0.5}
    assert (found.json["width"], found.json["height"], found.json["run"]) == (48, 32, run)


def test_a_form_is_taken_as_a_body_is(run: str) -> None:
    form = FORM + RED + b"\r\n--XX--\r\n"
    found = ask(f"/api/predict?run={run}", form, content_type="multipart/form-data; boundary=XX")
    assert found.json["class_shares"] == {"road": 1.0}


def test_the_models_are_listed_with_the_labels(run: str) -> None:
    found = ask("/api/models").json
    assert [model["run"] for model in found["models"]] == [run]
    assert {"id": 7, "name": "road", "color": "#804080"} in found["labels"]


def test_the_description_has_every_path_and_output() -> None:
    found = ask("/api").json
    assert found["openapi"].startswith("3.1")
    assert set(found["paths"]) == {"/api/models", "/api/predict"}
    _, output = found["paths"]["/api/predict"]["post"]["parameters"]
    assert output["schema"]["enum"] == list(api.OUTPUTS)


@pytest.mark.parametrize("name", [name for name, (_, word) in hostile().items() if word])
def test_a_file_that_is_no_photo_is_refused_in_a_sentence(name: str, run: str) -> None:
    data, word = hostile()[name]
    refused = predict(data, run=run)
    assert refused.status == 422 and word is not None
    assert re.search(word, refused.json["error"])


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [("output=mask", 400, "json, ids"), ("run=nobody", 404, "/api/models"), ("", 400, "?run=RUN")],
)
def test_what_is_asked_wrongly_is_a_sentence(query: str, status: int, word: str) -> None:
    refused = ask(f"/api/predict?{query}", RED)
    assert refused.status == status and word in refused.json["error"]


def test_a_token_lets_in_who_sends_it(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGCORE_API", "a secret")
    assert ask("/api/models").status == 401
    assert ask("/api/models", authorization="Bearer a secre").status == 401
    assert ask("/api/predict", RED, authorization="a secret").status == 401
    assert ask("/api/models", authorization="Bearer a secret").status == 200


def test_it_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGCORE_API", "off")
    for path, body in (("/api", None), ("/api/models", None), ("/api/predict", RED)):
        assert ask(path, body).status == 404


def test_a_body_that_is_too_large_or_stops_is_refused(
    run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("/api/predict", b"", said=1 << 30).status == 413
    assert ask("/api/predict", RED, said=10).status == 413
    monkeypatch.setattr(bodies, "SILENCE_SECONDS", 0.01)
    assert ask("/api/predict", RED, ends=False, said=5000).status == 408


def test_a_slow_sender_is_told_so_and_gives_its_place_back(
    run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "BODIES", FairTurns(places=1, places_of_one=1))
    monkeypatch.setattr(bodies, "GRACE_SECONDS", -1.0)  # so far behind from its first byte
    slow = ask(f"/api/predict?run={run}", RED[:1], ends=False, said=len(RED))
    assert slow.status == 408 and "too slow" in slow.json["error"]
    assert predict(RED, run=run).status == 200


def test_of_many_at_once_each_is_answered_or_asked_to_come_back(
    run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "BODIES", FairTurns(places=20, places_of_one=5))

    async def all_at_once() -> list[Answer]:
        path = f"/api/predict?run={run}"
        return await asyncio.gather(*(request(path, photo) for photo in (RED, BLACK) * 25))

    answers = asyncio.run(all_at_once())
    assert {answer.status for answer in answers} == {200, 429}
    assert [answer.status for answer in answers].count(200) >= 5
    assert all("class_shares" in answer.json for answer in answers if answer.status == 200)
    assert predict(RED, run=run).status == 200  # and nothing is left behind


def test_who_asks_for_too_much_is_told_how_long_to_wait(
    run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "ALLOWANCE", RateLimit(burst=1.0, clock=lambda: 0.0))
    monkeypatch.setattr(decoder, "SECONDS_PER_PHOTO", math.inf)  # however busy the machine is
    assert predict(RED, run=run).status == 200
    refused = predict(RED, run=run)
    assert refused.status == 429 and "is free in" in refused.json["error"]
