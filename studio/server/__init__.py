"""What stands between the network and Streamlit: who may connect, send and upload how much.

`MIDDLEWARE` is for `st.App`; `connections.set_up` needs the server that runs.
"""

from starlette.middleware import Middleware

from studio.server.messages import VisitorMessages
from studio.server.uploads import MemoryUploads

MIDDLEWARE = (Middleware(VisitorMessages), Middleware(MemoryUploads))
