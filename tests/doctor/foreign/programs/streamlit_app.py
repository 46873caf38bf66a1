"""Streamlit, told its prefix by --server.baseUrlPath."""
# mypy: ignore-errors

import streamlit

streamlit.write("hello")
