"""U8: a unix socket has no peer address."""

from conformance.case import case
from conformance.view import View


@case(
    "U8",
    "On a unix socket forwarded headers are believed because `unix:` is among the trusted proxies",
    concerns=lambda view: view.way.unix,
)
def unix_socket(view: View) -> None:
    headers = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")]
    told = view.direct("/who", headers).json
    assert (told["client"], told["scheme"]) == ("203.0.113.9", "https")
    assert view.get("/who").json["client"] == view.behind.client
