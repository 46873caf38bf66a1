"""The cookie of a browser's session: where the browser sends it, and who can set it."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

NAME = "gatehouse-session"

_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_VALUES = 4


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie, which belongs to everything below the public prefix of the stack.

    It has no `Domain`, so other hosts of the domain never see it; `SameSite=Lax`, so other sites can send a person here
    and nothing else in their name; and no `Max-Age`: the session's own bounds are in the database.

    Args:
        public_url: where the public finds the stack.
        root_path: the prefix of this service below that.
    """

    public_url: str
    root_path: str

    def values(self, request: HTTPConnection) -> list[str]:
        """What the browser sends under the name: several where another stack of the host is further up in the path."""
        name = self._name(request)
        found = []
        for header in request.headers.getlist("cookie"):
            for pair in header.split(";"):
                key, _, value = pair.strip().partition("=")
                if key == name and _VALUE.fullmatch(value):
                    found.append(value)
        return found[:_MAX_VALUES]

    def set(self, response: Response, request: HTTPConnection, value: str) -> None:
        """Gives the browser the cookie of its new session."""
        self._set(response, request, value, max_age=None)

    def clear(self, response: Response, request: HTTPConnection) -> None:
        """Lets the browser forget it."""
        self._set(response, request, "", max_age=0)

    def path(self, request: HTTPConnection) -> str:
        """The public prefix of the whole stack, where a proxy announces it or `GATEHOUSE_PUBLIC_URL` names it.

        Behind a proxy that keeps it to itself, `/`, which is right everywhere.
        """
        announced: str = request.scope["root_path"].removesuffix(self.root_path)
        if announced:
            return announced
        public = urlsplit(self.public_url)
        is_there = public.netloc.lower() == request.headers.get("host", "").lower()
        return (public.path if is_there else "") or "/"

    def _set(
        self, response: Response, request: HTTPConnection, value: str, *, max_age: int | None
    ) -> None:
        response.set_cookie(
            self._name(request),
            value,
            max_age=max_age,
            path=self.path(request),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )

    def _name(self, request: HTTPConnection) -> str:
        """Over https one that http cannot set, nor, with the path `/`, another host (RFC 6265bis section 4.1.3)."""
        if request.url.scheme != "https":
            return NAME
        return f"{'__Host-' if self.path(request) == '/' else '__Secure-'}{NAME}"
