"""The dashboard: `streamlit run dashboard.py`."""

from pathlib import Path

import streamlit as st

from studio import server
from studio.server import head_script, lifespan, routes

LOGO = "studio/logo.svg"


def main() -> None:
    """Runs for each visitor, whenever a page is drawn."""
    # Here, not above, so that the server answers while these load.
    from studio import cache, engine, state
    from studio.admin import gate
    from studio.errors import errors_told
    from studio.widgets import dialogs, named_data, presenting

    st.set_page_config(page_icon=LOGO, layout="wide")
    st.logo(LOGO, size="large")
    st.html(Path("studio/theme.css"))
    page = st.navigation(
        [
            st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
            st.Page("pages/dataset.py", title="Dataset", icon=":material/photo_library:"),
            st.Page("pages/training.py", title="Training", icon=":material/show_chart:"),
            st.Page("pages/compare.py", title="Compare", icon=":material/compare:"),
            st.Page("pages/evaluate.py", title="Evaluation", icon=":material/scoreboard:"),
            st.Page("pages/upload.py", title="Upload", icon=":material/add_a_photo:"),
            st.Page("pages/admin.py", title="Admin", icon=":material/settings:"),
        ]
    )
    st.set_page_config(page_title=f"{page.title} · Segmentation studio")

    def mark_data() -> None:
        named_data.mark(state.selection().data)

    with errors_told():
        cache.look_for_runs()
        gate.announce()
        dialogs.close_elsewhere(page.url_path)
    before = (state.sidebar, presenting.offer, engine.badge, mark_data, presenting.show_bar)
    for draw in (*before, page.run, presenting.show_notes):
        with errors_told():
            draw()
    engine.start()  # not before: the page comes first


if __name__ == "__main__":
    main()
else:
    # Imported once, by `streamlit run` or any ASGI server, when the server starts.
    app = st.App(
        "dashboard.py",
        lifespan=lifespan.lifespan,
        routes=routes.ROUTES,
        middleware=[*server.MIDDLEWARE, head_script.SCRIPTS],
    )
