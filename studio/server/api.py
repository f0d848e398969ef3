"""The HTTP API: a photo in, its predicted labels out, as the Upload page has them.

`SEGCORE_API` says who may use it (`segcore.settings.api_token`). A request passes what the page's
uploads pass: the same limits, the decoder's process, the rate limit, the queue in front of the
network. Nothing is stored. What a caller can cause is answered as `{"error": SENTENCE}`.
"""

import hmac
import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from segcore import runs, settings
from segcore.errors import BusyError, ImageError, SegcoreError
from segcore.images.decoder import Decoder
from segcore.labels import CITYSCAPES, LabelSpace
from segcore.models import spec_of
from segcore.presentation import photo_outputs
from segcore.presentation.names import model_name
from segcore.presentation.photo_outputs import Labelled
from segcore.presentation.sides import Side
from segcore.runs import PHOTOS, Run
from segcore.runs.data_sets import data_sets, name_among
from segcore.system.fair_queues import FairTurns
from studio import cache, engine
from studio.errors import without_paths
from studio.server.bodies import OneFile, RequestError, expected_size, read_body
from studio.server.paths import MODELS, PREDICT
from studio.visits.visitors import ALLOWANCE
from studio.widgets.side_by_side import QUICK, policy

BODIES = FairTurns(places=20, places_of_one=8)
"""Requests whose photo is in memory at the same time; of more, a caller is asked to come back."""

RETRY_SECONDS = 10

OUTPUTS: dict[str, str] = {
    "json": "application/json",
    "ids": "image/png",
    "color": "image/png",
    "overlay": "image/jpeg",
}
"""What may be asked for, and its media type."""

Handler = Callable[[Request], Awaitable[Response]]


def _guarded(handler: Handler) -> Handler:
    """Lets in who may use the API, and turns errors into JSON."""

    @wraps(handler)
    async def handle(request: Request) -> Response:
        try:
            _admit(request.headers)
            return await handler(request)
        except RequestError as error:
            return _refusal(error.status, str(error))
        except BusyError as error:
            return _refusal(429, str(error), {"Retry-After": str(RETRY_SECONDS)})
        except ImageError as error:
            return _refusal(422, str(error))
        except SegcoreError as error:
            return _refusal(503, without_paths(str(error)))

    return handle


def _refusal(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    more = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    close = {"Connection": "close"}  # what is left of a body that was refused is not read
    return JSONResponse({"error": reason}, status, close | more | (headers or {}))


def _admit(headers: Headers) -> None:
    """Raises RequestError where the caller may not use the API."""
    token = settings.api_token()
    if token is None:
        raise RequestError(404, "The API is off; whoever runs this server can set SEGCORE_API.")
    kind, _, given = headers.get("authorization", "").partition(" ")
    if token and not (
        kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    ):
        raise RequestError(401, "Send the server's token: `Authorization: Bearer TOKEN`.")


@_guarded
async def describe(request: Request) -> Response:
    return JSONResponse(description(str(request.base_url)))


@_guarded
async def list_models(request: Request) -> Response:
    return JSONResponse(await run_in_threadpool(models))


@_guarded
async def predict(request: Request) -> Response:
    output = request.query_params.get("output", "json")
    if output not in OUTPUTS:
        raise RequestError(400, f"output={output}: ask for one of {', '.join(OUTPUTS)}.")
    who = request.client.host if request.client else "unknown"
    size = expected_size(request.headers)
    with BODIES.turn(who, patience=0.0):
        data = await _photo(request, size)
        name = request.query_params.get("run")
        return await run_in_threadpool(predicted, data, name, output, who)


async def _photo(request: Request, size: int) -> bytes:
    """The photo, sent as the body or as the one file of a form."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        form = OneFile(kind, size)
        try:
            await read_body(request.receive, form.write, size)
            return form.content()
        finally:
            form.drop()
    body = bytearray()
    await read_body(request.receive, body.extend, size)
    return bytes(body)


def predicted(data: bytes, name: str | None, output: str, who: str) -> Response:
    """The answer to one photo.

    Args:
        data: an encoded image.
        name: of a run; None for the one that visitors' photos are given to.
        output: one of `OUTPUTS`.
        who: whose share it counts towards.

    Raises:
        RequestError, BusyError, ImageError, SegcoreError.
    """
    run = _run(name)
    with Decoder(who, ALLOWANCE) as decoder:
        photo = decoder.photo(data)
    ALLOWANCE.spend(who, 0.5)
    engine.load(run)
    prediction = cache.label(cache.predictor(run), photo.image, asked_by=who)
    labelled = Labelled(Side("A", run, model_name(run)), policy(run, QUICK), prediction)
    match output:
        case "ids":
            content = photo_outputs.ids_png(labelled)
        case "color":
            content = photo_outputs.color_png(labelled)
        case "overlay":
            content = photo_outputs.overlay_jpeg(photo.image, labelled)
        case _:
            height, width = photo.image.shape[:2]
            found = {"width": width, "height": height, "notes": list(photo.notes)}
            found |= photo_outputs.summary_of(labelled)
            content = (json.dumps(found, indent=2) + "\n").encode()
    return Response(content, media_type=OUTPUTS[output], headers={"Cache-Control": "no-store"})


def models() -> dict[str, Any]:
    """The runs that can predict, and the labels of their masks."""
    sets = data_sets()
    serving = {run.name for run in runs.champions(PHOTOS).values()}
    listed = [
        {
            "run": run.name,
            "model": run.model,
            "title": model_name(run),
            "trained_on": name_among(sets, run.spec, runs.identity_of(run)),
            "parameters": run.parameters,
            "weights_sha256": run.weights_hash,
            "is_for_photos": run.name in serving,
            **_own_labels(run.label_space),
        }
        for run in runs.list_runs()
        if run.has_network
    ]
    return {"models": listed, "labels": _labels(CITYSCAPES)}


def _labels(space: LabelSpace) -> list[dict[str, Any]]:
    return [
        {"id": label.id, "name": label.name, "color": label.hex_color} for label in space.labels
    ]


def _own_labels(space: LabelSpace) -> dict[str, Any]:
    """The labels of a run whose masks have others than those beside the list."""
    return {} if space == CITYSCAPES else {"labels": _labels(space)}


def _run(name: str | None) -> Run:
    if name is None:
        serving = runs.champions(PHOTOS)
        if not serving:
            raise RequestError(400, "Name a run: ?run=RUN; GET /api/models lists them.")
        # One with pretraining travels best.
        return max(serving.values(), key=lambda run: bool(spec_of(run.model).backbones))
    try:
        run = runs.get_run(name)
    except SegcoreError:
        run = None
    if run is None or not run.has_network:
        raise RequestError(404, "There is no such run; GET /api/models lists those there are.")
    return run


def description(address: str) -> dict[str, Any]:
    """The API as OpenAPI 3.1 describes one."""
    error = {
        "description": "What is wrong, in a sentence.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"error": {"type": "string"}}}
            }
        },
    }
    refusals = {str(status): error for status in (400, 401, 404, 408, 413, 422, 429, 503)}
    run = {
        "name": "run",
        "in": "query",
        "description": "Name of a run; by default the one that visitors' photos are given to.",
        "schema": {"type": "string"},
    }
    output = {
        "name": "output",
        "in": "query",
        "description": "json: share of each class; ids: a grey PNG of label ids; color: a PNG in "
        "the labels' colours; overlay: a JPEG of those over the photo.",
        "schema": {"type": "string", "enum": list(OUTPUTS), "default": "json"},
    }
    photo = {"schema": {"type": "string", "format": "binary"}}
    form = {"schema": {"type": "object", "properties": {"photo": photo["schema"]}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Segmentation studio",
            "version": "1",
            "description": "Predicts the labels of photos. Nothing of a photo is stored.",
        },
        "servers": [{"url": address.rstrip("/")}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}] if settings.api_token() else [],
        "paths": {
            MODELS: {
                "get": {
                    "summary": "The models that can predict, and the labels of their masks; a "
                    "model with other labels lists its own",
                    "responses": {"200": {"description": "As JSON."}, "401": error, "404": error},
                }
            },
            PREDICT: {
                "post": {
                    "summary": "The labels of a photo",
                    "parameters": [run, output],
                    "requestBody": {
                        "required": True,
                        "description": "The photo as the body, or as the one file of a form.",
                        "content": {"image/*": photo, "multipart/form-data": form},
                    },
                    "responses": {
                        "200": {
                            "description": "As `output` says.",
                            "content": {kind: {} for kind in dict.fromkeys(OUTPUTS.values())},
                        },
                        **refusals,
                    },
                }
            },
        },
    }
