"""What a `tokenUrl` or `authorizationUrl` becomes: by Swagger UI's rule, and by the OpenAPI text's.

Swagger UI 5 (`authActions` and `oauth2Authorize` in its source) takes the page that it runs
on as the base unless the selected server is absolute. OpenAPI 3 says that relative URLs resolve
against the Server Object's URL (RFC 3986), which in turn resolves against the document's own
address. The two agree only where the server's URL ends in a slash, as `.` does.
"""

from doctor.addresses import resolve, scheme_of


def swagger_ui_address(url: str, *, page: str, server: str | None) -> str:
    """Return where Swagger UI on `page` sends its request for `url`."""
    return resolve(url, server if server and scheme_of(server) else page)


def openapi_address(url: str, *, document: str, server: str | None) -> str:
    """Return what `url` means to a client that follows the OpenAPI text.

    Without a server the document means `/` (OpenAPI 3.1 section 4.8.1.1).
    """
    return resolve(url, resolve(server or "/", document))
