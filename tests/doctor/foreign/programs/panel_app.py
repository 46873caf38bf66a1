"""Panel (Bokeh), told its prefix by --prefix."""
# mypy: ignore-errors

import panel

panel.Row("hello").servable()
