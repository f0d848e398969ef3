"""What a visit keeps in the server's memory: its files, what was decoded and made of them."""

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from segcore.errors import BusyError
from segcore.images import limits
from studio.visits.store import VisitStore

STORE = VisitStore(limits.MEMORY_BYTES, limits.VISIT_BYTES, limits.MADE_BYTES)
"""What the visits of this process keep."""

FILE = "file"
"""Name of what was uploaded, by Streamlit's id of the file."""

NO_VISIT = "the server itself"


def visit() -> str:
    """Tells the visit from all others; another one begins when the page is reloaded."""
    context = get_script_run_ctx(suppress_warning=True)
    return NO_VISIT if context is None else context.session_id


def take(upload: UploadedFile) -> None:
    """Puts an upload into the store, where it did not get there by itself: `web.uploads`.

    Raises:
        BusyError: the visit holds too much.
    """
    data = upload.getvalue()
    if data and STORE.get(visit(), FILE, upload.file_id) is None:
        STORE.put(visit(), FILE, upload.file_id, data)


def uploaded_bytes(upload: UploadedFile) -> bytes:
    """What was uploaded.

    Raises:
        BusyError: it was dropped for what others have uploaded.
    """
    found = content(upload.file_id)
    if found is None and not (found := upload.getvalue()):
        raise BusyError(
            f"{upload.name}: the server ran short of memory and dropped it; upload it again."
        )
    return found


def content(file_id: str, owner: str | None = None) -> bytes | None:
    """What this visit, or `owner`, uploaded; None where it was dropped for others."""
    found: bytes | None = STORE.get(owner or visit(), FILE, file_id)
    return found
