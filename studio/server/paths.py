"""Paths of the server that more than one of its modules asks for."""

import re

UPLOAD = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/(?P<file>[^/]+)$")
"""Where Streamlit's uploader puts a file."""

API, MODELS, PREDICT = "/api", "/api/models", "/api/predict"
