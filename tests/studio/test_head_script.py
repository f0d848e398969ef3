"""The script that goes first into every page."""

import asyncio

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from studio.server.head_script import HeadScript

PAGE = "<!DOCTYPE html><html><head><title>ä</title></head><body>" + "x" * 2000 + "</body></html>"


async def page(request: Request) -> Response:
    if "if-none-match" in request.headers:
        return Response(status_code=304)
    return HTMLResponse(PAGE, headers={"ETag": '"1"'})


async def data(request: Request) -> Response:
    return JSONResponse({"page": "<head>"})


def answer(path: str, **headers: str) -> tuple[int, Headers, bytes]:
    """Status, headers and body of a request."""
    app = Starlette(routes=[Route("/", page), Route("/data", data)])
    app.add_middleware(GZipMiddleware)
    app.add_middleware(HeadScript, code="first()")
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": b"", "scheme": "http",
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], Headers(raw=sent[0]["headers"]), body


def test_a_page_has_it_before_all_else() -> None:
    status, headers, body = answer(
        "/", accept="text/html", accept_encoding="gzip", if_none_match='"1"'
    )
    assert status == 200
    assert "<head><script>first()</script><title>ä</title>" in body.decode()
    assert "etag" not in headers  # a kept page may have been made with another script
    assert int(headers["content-length"]) == len(body)


def test_other_answers_stay_as_they_are() -> None:
    assert answer("/data", accept="text/html")[2] == b'{"page":"<head>"}'
    assert answer("/", accept="*/*", accept_encoding="gzip")[1]["content-encoding"] == "gzip"
