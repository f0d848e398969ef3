"""Two pages of a line each: what Streamlit and the browser need for themselves."""

import streamlit as st


def one() -> None:
    st.title("One")


def two() -> None:
    st.title("Two")


st.set_page_config(layout="wide")
st.navigation([st.Page(one, title="One", default=True), st.Page(two, title="Two")]).run()
