"""What stands between the network and Streamlit: messages, uploads, connections, addresses."""

import asyncio
import gc
import os
import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from studio.server import bodies, connections, messages, uploads
from studio.server.bodies import OneFile
from studio.visits import memory

# --- messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["clear_cache", "set_run_on_save", "load_git_info"])
def test_what_acts_on_the_whole_server_does_not_reach_it(kind: str) -> None:
    unwanted = BackMsg(**{kind: True}).SerializeToString()
    wanted = BackMsg(rerun_script={"query_string": "a=b"}).SerializeToString()
    seen: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "websocket.disconnect":
            seen.append(message["bytes"])

    coming = [{"type": "websocket.receive", "bytes": data} for data in (unwanted, wanted, unwanted)]
    run(
        messages.VisitorMessages(app),
        {"type": "websocket"},
        [*coming, {"type": "websocket.disconnect"}],
    )
    assert seen == [wanted]


def test_more_visits_than_the_server_holds_are_asked_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messages, "MOST_VISITS", 0)
    sent = run(
        messages.VisitorMessages(refuse), {"type": "websocket"}, [{"type": "websocket.connect"}]
    )
    assert sent == [{"type": "websocket.close", "code": 1013}]


# --- uploads -------------------------------------------------------------------------------------


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("it was passed on")


def run(app: Any, scope: Scope, coming: list[Message]) -> list[Message]:
    """What an app sends that is sent these messages."""
    sent: list[Message] = []
    queue = list(coming)

    async def receive() -> Message:
        if not queue:
            await asyncio.sleep(3600)
        return queue.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


class Streamlit:
    """Stands for the app behind: keeps what it was sent and answers with a status."""

    def __init__(self, status: int = 204) -> None:
        self.status, self.body, self.headers = status, b"", dict[bytes, bytes]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers = dict(scope["headers"])
        self.body = (await receive())["body"]
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture(autouse=True)
def visit(monkeypatch: pytest.MonkeyPatch) -> str:
    """A visit that is there, without files."""
    runtime = SimpleNamespace(is_active_session=lambda session: session == "visit")
    monkeypatch.setattr(uploads.runtime, "exists", lambda: True)
    monkeypatch.setattr(uploads.runtime, "get_instance", lambda: runtime)
    memory.STORE.keep_only(())
    return "visit"


def put(
    app: Any,
    data: bytes,
    *,
    file: str = "file",
    visit: str = "visit",
    said: int | None = None,
    chunks: int = 3,
) -> int:
    """The status of an upload."""
    head = b'--XX\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n'
    body = head + data + b"\r\n--XX--\r\n"
    step = -(-len(body) // chunks)
    parts = [body[start : start + step] for start in range(0, len(body), step)]
    coming = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    coming.append({"type": "http.request", "body": b"", "more_body": False})
    headers = [(b"content-type", b"multipart/form-data; boundary=XX"), (b"cookie", b"a=b")]
    headers += [(b"content-length", b"%d" % (len(body) if said is None else said))]
    path = f"/_stcore/upload_file/{visit}/{file}"
    scope = {"type": "http", "method": "PUT", "path": path, "headers": headers}
    return int(run(uploads.MemoryUploads(app), scope, coming)[0]["status"])


def test_a_file_goes_into_the_visits_memory_and_an_empty_one_to_streamlit() -> None:
    app, data = Streamlit(), os.urandom(3 << 20)
    assert put(app, data) == 204
    assert memory.content("file", "visit") == data
    assert memory.content("file", "other") is None
    assert b'filename="a.png"\r\n\r\n\r\n--XX--' in app.body
    assert app.headers[b"content-length"] == b"%d" % len(app.body)
    assert app.headers[b"cookie"] == b"a=b"


def test_what_streamlit_refuses_is_not_kept() -> None:
    assert put(Streamlit(403), b"data") == 403
    assert memory.STORE.bytes_of("visit") == 0


def test_a_visit_that_is_not_there_is_refused_before_its_body_is_read() -> None:
    app = Streamlit(400)
    assert put(app, b"data", visit="gone") == 400
    assert b"data" not in app.body or memory.STORE.bytes_of("gone") == 0


def test_a_removed_file_is_gone() -> None:
    assert put(Streamlit(), b"data") == 204
    path = "/_stcore/upload_file/visit/file"
    scope = {"type": "http", "method": "DELETE", "path": path, "headers": []}
    run(uploads.MemoryUploads(Streamlit()), scope, [{"type": "http.request", "body": b""}])
    assert memory.content("file", "visit") is None


@pytest.mark.parametrize("said", [1 << 40, 60])
def test_more_than_was_said_or_may_be_is_refused(said: int) -> None:
    assert put(refuse, bytes(3000), said=said) == 413
    assert memory.STORE.bytes_of("visit") == 0


def test_a_visit_has_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.STORE, "_most_of_one", 5000)
    assert put(Streamlit(), bytes(3000), file="one") == 204
    assert put(refuse, bytes(3000), file="two") == 413
    assert memory.STORE.bytes_of("visit") == 3000


def test_a_body_is_freed_with_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[weakref.ref[np.ndarray]] = []

    class Watched(OneFile):
        def __init__(self, content_type: str, size: int) -> None:
            super().__init__(content_type, size)
            bodies.append(weakref.ref(self._data))

    monkeypatch.setattr(uploads, "OneFile", Watched)
    gc.collect()
    gc.disable()  # which may take a while to come by
    try:
        assert put(Streamlit(), b"data") == 204
        assert put(Streamlit(403), b"data") == 403
        assert [body() for body in bodies] == [None, None]
    finally:
        gc.enable()


def test_an_upload_whose_room_went_to_others_ends_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, reserve = Streamlit(), memory.STORE.reserve

    def reserve_in_vain(*asked: Any) -> None:
        reserve(*asked)
        memory.STORE.remove("visit", "file", "file")  # as others' uploads make it give way

    monkeypatch.setattr(memory.STORE, "reserve", reserve_in_vain)
    assert put(app, b"data") == 503 and not app.body
    assert memory.STORE.bytes_of("visit") == 0


def test_an_upload_that_stops_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SILENCE_SECONDS", 0.01)
    headers = [(b"content-type", b"multipart/form-data; boundary=XX"), (b"content-length", b"900")]
    path = "/_stcore/upload_file/visit/file"
    scope = {"type": "http", "method": "PUT", "path": path, "headers": headers}
    coming = [{"type": "http.request", "body": b"--XX", "more_body": True}]
    assert run(uploads.MemoryUploads(refuse), scope, coming)[0]["status"] == 408
    assert memory.STORE.bytes_of("visit") == 0


@pytest.mark.parametrize("data", [b"\r\n--XX\r\nContent-Disposition: x\r\n\r\n", b""])
def test_what_is_no_single_file_is_refused(data: bytes) -> None:
    assert put(Streamlit(), data, chunks=1) == (400 if data else 204)


def test_other_requests_pass_untouched() -> None:
    app, scope = Streamlit(), {"type": "http", "method": "GET", "path": "/", "headers": []}
    run(uploads.MemoryUploads(app), scope, [{"type": "http.request", "body": b"as it is"}])
    assert app.body == b"as it is"


# --- connections ---------------------------------------------------------------------------------


def waiting(answered: bool | None) -> Any:
    """A connection: without a request, or with one that is answered or is being answered."""
    aborted: list[bool] = []
    cycle = None
    if answered is not None:
        cycle = SimpleNamespace(response_complete=answered, more_body=False, scope={"path": "/"})
    transport = SimpleNamespace(abort=lambda: aborted.append(True))
    return SimpleNamespace(cycle=cycle, transport=transport, aborted=aborted, hash=None)


class Connection(SimpleNamespace):
    __hash__ = object.__hash__  # type: ignore[assignment]


def test_connections_without_a_request_are_ended_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(connections, "LOOK_SECONDS", 0.01)
    idle, answered, busy = (Connection(**vars(waiting(one))) for one in (None, True, False))
    socket_ = Connection(aborted=[])  # a WebSocket
    server: Any = SimpleNamespace(
        server_state=SimpleNamespace(connections={idle, answered, busy, socket_})
    )

    async def look() -> None:
        task = asyncio.create_task(connections.end_idle_connections(server))
        await asyncio.sleep(0.3)
        task.cancel()

    asyncio.run(look())
    assert idle.aborted and answered.aborted
    assert not busy.aborted and not socket_.aborted


def test_a_body_that_does_not_end_is_ended_and_an_upload_has_its_own_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(connections, "LOOK_SECONDS", 0.01)
    slow, upload = (Connection(**vars(waiting(False))) for _ in range(2))
    slow.cycle.more_body = upload.cycle.more_body = True
    upload.cycle.scope = {"path": "/_stcore/upload_file/visit/file"}
    server: Any = SimpleNamespace(server_state=SimpleNamespace(connections={slow, upload}))

    async def look() -> None:
        task = asyncio.create_task(connections.end_idle_connections(server))
        await asyncio.sleep(0.3)
        task.cancel()

    asyncio.run(look())
    assert slow.aborted and not upload.aborted


def test_of_too_many_that_wait_the_oldest_are_ended_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MOST_WAITING", 1)
    monkeypatch.setattr(connections, "LOOK_SECONDS", 0.01)
    old, new = (Connection(**vars(waiting(None))) for _ in range(2))
    server: Any = SimpleNamespace(server_state=SimpleNamespace(connections={old}))

    async def look() -> None:
        task = asyncio.create_task(connections.end_idle_connections(server))
        await asyncio.sleep(0.1)
        server.server_state.connections.add(new)
        await asyncio.sleep(0.1)
        task.cancel()

    asyncio.run(look())
    assert old.aborted and not new.aborted


@pytest.mark.parametrize(
    ("trusted", "client"),
    [("", "127.0.0.1"), ("127.0.0.1", "192.0.2.7"), ("192.0.2.9", "127.0.0.1")],
)
def test_only_proxies_that_are_named_say_where_a_visitor_comes_from(
    trusted: str, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGCORE_TRUSTED_PROXIES", trusted)
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["client"][0])

    config = uvicorn.Config(app)
    config.loaded_app = ProxyHeadersMiddleware(app, "127.0.0.1")  # type: ignore[arg-type]
    connections.set_up(uvicorn.Server(config))
    headers = [(b"x-forwarded-for", b"192.0.2.7")]
    scope = {"type": "http", "client": ("127.0.0.1", 5), "headers": headers, "scheme": "http"}
    run(config.loaded_app, scope, [])
    assert seen == [client]
    assert config.timeout_graceful_shutdown == connections.GRACE_SECONDS
