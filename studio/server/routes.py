"""Routes of our own beside Streamlit's. What answers is loaded when it is asked for, so that the
server starts sooner."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.server.paths import API, MODELS, PREDICT


async def _stay(request: Request) -> Response:
    from studio.admin import stay

    return await stay.answer(request)


async def _describe(request: Request) -> Response:
    from studio.server import api

    return await api.describe(request)


async def _list_models(request: Request) -> Response:
    from studio.server import api

    return await api.list_models(request)


async def _predict(request: Request) -> Response:
    from studio.server import api

    return await api.predict(request)


ROUTES = [
    Route("/stay", _stay, methods=["POST"]),
    Route(API, _describe, methods=["GET"]),
    Route(MODELS, _list_models, methods=["GET"]),
    Route(PREDICT, _predict, methods=["POST"]),
]
