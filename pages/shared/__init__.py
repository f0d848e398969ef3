"""What the pages share: caches, the chosen data set and runs, the viewer, the loading of Keras."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

# Until dashboard.py has called st.navigation, Streamlit takes a folder of this name for its older
# kind of app and runs the page that a link names alone, without dashboard.py and its sidebar. A
# link may well be the first thing opened after a start; there is no public setting for it (1.67).
if PagesManager.uses_pages_directory:
    PagesManager.uses_pages_directory = False
    st.rerun()
