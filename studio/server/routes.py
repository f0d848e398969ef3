"""Routes of our own beside Streamlit's, for what a WebSocket cannot do."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def _stay(request: Request) -> Response:
    from studio.admin import stay  # not before it is asked for: the server starts sooner

    return await stay.answer(request)


ROUTES = [Route("/stay", _stay, methods=["POST"])]
