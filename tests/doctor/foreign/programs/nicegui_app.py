"""NiceGUI, told its prefix by the X-Forwarded-Prefix of its proxy."""
# mypy: ignore-errors

import sys

from nicegui import ui

ui.label("hello")
ui.run(host="127.0.0.1", port=int(sys.argv[1]), reload=False, show=False)
