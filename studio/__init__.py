"""What the pages share: caches, the chosen data set and runs, the viewer, the loading of Keras."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

# Until dashboard.py has called st.navigation once, a server takes the folder pages/ for Streamlit's
# older way of having pages: a link straight to one would run it alone, without the sidebar. The
# first import of this package, by whatever page is opened first, starts over with the dashboard.
if PagesManager.uses_pages_directory:
    PagesManager.uses_pages_directory = False
    st.rerun()
