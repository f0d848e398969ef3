"""A visit without a browser: Streamlit's own messages over a WebSocket, so that many are cheap."""

import http.client
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PATIENCE_SECONDS = 600.0
MAX_MESSAGE = 1 << 28
EARLY = ForwardMsg.FINISHED_EARLY_FOR_RERUN


@dataclass
class Drawn:
    """What one run of a page showed: (kind, element) in the order in which it came."""

    elements: list[tuple[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[Any]:
        return [element for name, element in self.elements if name == kind]

    def problems(self) -> list[str]:
        """What the page refused or failed at, in its words."""
        errors = [alert.body for alert in self.of("alert") if alert.format == alert.ERROR]
        return errors + [error.message for error in self.of("exception")]


class RawVisit:
    """One visit to one page.

    Args:
        address: of the dashboard.
        page: its name in the address.
        query: what the address says behind the question mark.
    """

    def __init__(
        self,
        address: str,
        page: str = "upload",
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.host = urlsplit(address).netloc
        self._page, self._query = page, query
        self._widgets: dict[str, WidgetState] = {}
        self._known: dict[str, ForwardMsg] = {}
        self.cookie = self._first_cookie()
        token = self.cookie.partition("=")[2]
        self._open = ExitStack()
        self._socket: ClientConnection = self._open.enter_context(
            connect(
                f"ws://{self.host}/_stcore/stream",
                origin=address,  # type: ignore[arg-type]
                subprotocols=["streamlit", token],  # type: ignore[list-item]
                additional_headers={"Cookie": self.cookie, **(headers or {})},
                max_size=MAX_MESSAGE,
                compression=None,
                open_timeout=PATIENCE_SECONDS,
                proxy=None,
            )
        )
        self.session = ""

    def _first_cookie(self) -> str:
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE_SECONDS)
        connection.request("GET", "/_stcore/host-config")
        answer = connection.getresponse()
        answer.read()
        cookies = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
        connection.request("GET", "/_stcore/health")
        answer = connection.getresponse()
        answer.read()
        cookies += [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
        connection.close()
        return next(
            (part.partition(";")[0] for part in cookies if part.startswith("_streamlit_xsrf")),
            "_=_",
        )

    # --- messages --------------------------------------------------------------------------------

    def send(self, **fields: Any) -> None:
        """Any message that a browser could send."""
        self._socket.send(BackMsg(**fields).SerializeToString())

    def ask(self) -> None:
        """Asks for the page to be run, without waiting for it."""
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.page_name = self._query, self._page
        run.widget_states.widgets.extend(self._widgets.values())
        self._socket.send(message.SerializeToString())

    def run(self) -> Drawn:
        """Runs the page once, triggers included, and returns all that it showed."""
        self.ask()
        return self.follow()

    def follow(self) -> Drawn:
        """What the page shows until its run ends; a run that it asks for itself counts too."""
        drawn = Drawn()
        while True:
            message = self._receive()
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id or self.session
                drawn = Drawn()
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                name = element.WhichOneof("type")
                drawn.elements.append((name, getattr(element, name)))
            elif kind == "script_finished" and message.script_finished != EARLY:
                self._widgets = {
                    key: state
                    for key, state in self._widgets.items()
                    if state.WhichOneof("value") != "trigger_value"
                }
                return drawn

    def _receive(self) -> ForwardMsg:
        message = ForwardMsg()
        message.ParseFromString(self._socket.recv(timeout=PATIENCE_SECONDS))  # type: ignore[arg-type]
        if message.WhichOneof("type") == "ref_hash":
            return self._known[message.ref_hash]
        if message.hash:
            self._known[message.hash] = message
        return message

    # --- what a visitor does ---------------------------------------------------------------------

    def set(self, id_: str, **value: Any) -> None:
        """Sets a widget; seen by the next run."""
        self._widgets[id_] = WidgetState(id=id_, **value)

    def press(self, drawn: Drawn, label: str) -> None:
        button = next(one for one in drawn.of("button") if label in one.label)
        self.set(button.id, trigger_value=True)

    def choose(self, drawn: Drawn, key: str, index: int) -> None:
        """Takes an option of a segmented control by its place."""
        group = next(one for one in drawn.of("button_group") if key in one.id)
        state = WidgetState(id=group.id)
        state.int_array_value.data.append(index)
        self._widgets[group.id] = state

    def give(self, drawn: Drawn, files: Sequence[tuple[str, bytes]]) -> list[int]:
        """Uploads files as the page's uploader does; returns the status of each request."""
        uploader = drawn.of("file_uploader")[0]
        message = BackMsg()
        message.file_urls_request.request_id = secrets.token_hex(4)
        message.file_urls_request.file_names.extend(name for name, _ in files)
        self._socket.send(message.SerializeToString())
        while True:
            answer = self._receive()
            if answer.WhichOneof("type") == "file_urls_response":
                break
        state = WidgetState(id=uploader.id)
        statuses = []
        for (name, data), urls in zip(files, answer.file_urls_response.file_urls, strict=True):
            statuses.append(self._put(urls.upload_url, name, data))
            if statuses[-1] < 300:
                info = state.file_uploader_state_value.uploaded_file_info.add()
                info.name, info.size, info.file_id = name, len(data), urls.file_id
                info.file_urls.CopyFrom(urls)
        self._widgets[uploader.id] = state
        return statuses

    def _put(self, path: str, name: str, data: bytes) -> int:
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = b"".join((head.encode(), data, f"\r\n--{boundary}--\r\n".encode()))
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Cookie": self.cookie,
            "X-Xsrftoken": self.cookie.partition("=")[2],
        }
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE_SECONDS)
        try:
            connection.request("PUT", f"/{path.lstrip('/')}", body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except OSError:  # refused while it was sent
            return 413
        finally:
            connection.close()

    def close(self) -> None:
        with suppress(ConnectionClosed, OSError):
            self._open.close()

    def __enter__(self) -> "RawVisit":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
