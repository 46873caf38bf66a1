#!/usr/bin/env python3
"""Asks Gatehouse about requests for Apache httpd (RewriteMap prg:): a line in is a request, a line out is the answer.

In: what is required, then method, scheme, host, Cookie, Authorization, Origin, Sec-Fetch-Site and Sec-WebSocket-Key of
the request, each percent-encoded, with one space between. Out: user, mail address, role, scopes and client in the same
way behind "pass", or "refuse". One process answers for the whole server, one request after the other.
"""

import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote, unquote

NAMES = ("Cookie", "Authorization", "Origin", "Sec-Fetch-Site", "Sec-WebSocket-Key")
TOLD = ("Remote-User", "Remote-Email", "Remote-Groups", "Remote-Scopes", "Remote-Client")


def answer(line: str, auth: HTTPConnection) -> str:
    """What Apache is told about one request."""
    required, method, scheme, host, *values = map(unquote, line.split(" "))
    headers = {name: value for name, value in zip(NAMES, values, strict=True) if value}
    headers |= {"Host": host, "X-Forwarded-Proto": scheme, "X-Forwarded-Method": method}
    auth.request("GET", f"/auth/verify?require={required}", headers=headers)
    said = auth.getresponse()
    said.read()
    if said.status != 200:
        return "refuse"
    told = [quote(said.headers.get(name, ""), safe="", encoding="latin-1") for name in TOLD]
    return " ".join(["pass", *told])


def main() -> None:
    """Answers until Apache ends."""
    auth = HTTPConnection(sys.argv[1], timeout=5)
    for line in sys.stdin:
        try:
            said = answer(line.rstrip("\n"), auth)
        except (OSError, HTTPException, ValueError):
            auth.close()
            said = "refuse"
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
