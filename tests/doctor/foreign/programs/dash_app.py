"""Dash, told its prefix by DASH_REQUESTS_PATHNAME_PREFIX or DASH_URL_BASE_PATHNAME."""
# mypy: ignore-errors

import sys

from dash import Dash, html

app = Dash(__name__)
app.layout = html.Div("hello")

if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]), debug=False)
