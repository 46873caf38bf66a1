"""The way to the sign-in page and back to where the person wanted to go: a path of this deployment, and no other.

All of it is relative, so that it is right under a prefix that no proxy announces, and cannot leave the host.
"""

import re
from urllib.parse import quote, unquote

from gatehouse_chassis.proxy.redirects import relative_path

START = "/"
MAX_CHARS = 4000
"""A longer address is not returned to; nginx takes 8 kB with its query."""

# RFC 3986 sections 3.3 and 3.4. No backslash, tab or line break, which browsers read as something else.
_ADDRESS = re.compile(
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*)(\?[A-Za-z0-9._~!$&'()*+,;=:@/?%|\[\]{}^`-]*)?"
)


def returnable(address: str) -> str:
    """The address if it is a path of this deployment, such as `/dash/x?y=1`; otherwise the start page.

    A path with dot segments could leave the deployment for what else is on the host.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or len(address) > MAX_CHARS or address.startswith("//"):
        return START
    if any(unquote(segment) in (".", "..") for segment in match["path"].split("/")):
        return START
    return address


def way_to_sign_in(target: str, auth_prefix: str) -> str:
    """From the address that the browser shows to the sign-in page, which knows the way back."""
    path = target.partition("?")[0]
    wanted = quote(returnable(target), safe="/")
    return f"{relative_path(path, f'{auth_prefix}/sign-in')}?return_to={wanted}"


def way_back(address: str, auth_prefix: str) -> str:
    """From the sign-in page to an address of this deployment."""
    return "/".join([".."] * auth_prefix.count("/")) + returnable(address)
