"""The summary of a run for a browser: its Markdown, whose tables stand in line as they are, and the plot."""

from html import escape

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ margin: 1.5rem; }}
pre {{ overflow-x: auto; }}
img {{ max-width: 100%; background: white; }}
</style>
<h1>{title}</h1>
<p>{verdict}</p>
<img src="{plot}" alt="Rate, percentiles and users over time">
<pre>{text}</pre>
<p><a href="{page}">Locust's own page</a></p>
</html>
"""


def render(text: str, verdict: str, plot: str, page: str) -> str:
    """The page of the Markdown `text`; `plot` and `page` are the names of the files beside it."""
    title, _, rest = text.partition("\n")
    # What Markdown shows and links, this page does itself.
    shown = [
        block
        for block in rest.strip().split("\n\n")
        if f"]({plot})" not in block and f"]({page})" not in block
    ]
    return _PAGE.format(
        title=escape(title.removeprefix("# ")),
        verdict=escape(verdict),
        plot=plot,
        page=page,
        text=escape("\n\n".join(shown)),
    )
