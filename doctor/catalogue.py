"""Every kind of finding: what it is called, why it breaks, what to change, and what it causes.

The order is the order of causes: what stands earlier can be the reason for what stands later.
@PREFIX@ stands for the public prefix and @UPSTREAM@ for the address of the service behind the proxy;
@TELL@, @STRIPPED@, @KEPT@, @TRUST@ and @SERVERS@ for the setting of the framework that was recognised
(`frameworks.py`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is, the worst last.

    `risky`: an attacker or another service may use it. `some-clients`: what a browser shows works,
    a client of another kind fails. `broken`: whoever opens it meets it.
    """

    RISKY = "risky"
    SOME_CLIENTS = "some-clients"
    BROKEN = "broken"

    @property
    def in_words(self) -> str:
        return {"broken": "broken now", "some-clients": "broken for some clients"}.get(self, self)

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True)
class Kind:
    """One kind of finding.

    Attributes:
        id: its name on the command line, in JSON and in docs/behind-a-proxy.md.
        title: what is wrong, in a sentence.
        why: how it comes about and what it breaks.
        change: what to change in the service or, for every proxy alike, in its settings.
        asgi: what more there is to say where uvicorn or another ASGI server runs the service.
        setting: the proxy setting that fixes it: a key of each module in `fixes`, or `whole`, the
            block of the way (strip or keep) that the deployment goes.
        explains: ids of findings that are its consequences.
    """

    id: str
    title: str
    why: str
    change: str
    asgi: str = ""
    setting: str = ""
    severity: Severity = Severity.BROKEN
    explains: frozenset[str] = frozenset()


_WRONG_ADDRESSES = frozenset(
    {
        "redirect-loses-prefix",
        "servers-miss-prefix",
        "spec-not-found",
        "spec-fails",
        "asset-not-found",
        "asset-wrong-type",
        "oauth2-redirect-not-found",
        "token-url-not-found",
        "token-url-by-the-text",
        "location-doubled",
        "browser-load-failed",
    }
)
_WRONG_ORIGIN = frozenset(
    {"scheme-lost", "port-lost", "own-redirect", "mixed-content", "browser-load-failed"}
)

_IN_A_BROWSER = frozenset({"browser-load-failed"})

_ALL = (
    Kind(
        id="backend-unreachable",
        title="The proxy answers, but reaches no service behind @PREFIX@/.",
        why="502, 503 and 504 here are the proxy's own words: nothing listens at the address that it forwards to, "
        "or it is not let through.",
        change="Start the service, and compare the address it listens on with the one the proxy forwards to. "
        "In containers 127.0.0.1 is the container itself: name the service and bind it to 0.0.0.0.",
    ),
    Kind(
        id="service-unavailable",
        title="The service answers, but only that it is not available (503).",
        why="The 503 is in the service's own words and not in the proxy's: it is starting, in maintenance, or what it "
        "needs (a database) is down.",
        change="Look into the service's own log; the proxy reaches it.",
    ),
    Kind(
        id="proxy-refuses",
        title="The proxy itself refuses what is asked (403).",
        why="The page that came back is the proxy's own, so the service was never asked: a rule for addresses "
        "(deny, Require), a folder without an index, or files that the proxy may not read.",
        change="Look for that rule in the proxy's configuration and its log, or examine from an address that it lets "
        "through.",
    ),
    Kind(
        id="default-page",
        title="A server's own page answers in place of the service.",
        why="What came back is shown where no site is configured for the address: the Host, the port or the path "
        "matches none of the proxy's rules, so the service was never asked.",
        change="Compare the server name, the port and the path in the proxy's configuration with the address that "
        "people open, and see that the file is the one that the running proxy has loaded.",
        setting="whole",
    ),
    Kind(
        id="host-refused",
        title="The service refuses the host that it is asked under (421, or 400).",
        why="A guard in the service (against DNS rebinding or forged hosts) lets in only the hosts that it was told, "
        "and the public one is not among them, or the proxy replaced it by the backend's address.",
        change="Tell the service the public host (MCP's Python SDK: TransportSecuritySettings(allowed_hosts="
        '["example.com", "example.com:*"]); Starlette: TrustedHostMiddleware(allowed_hosts=[...]); Django: '
        "ALLOWED_HOSTS), and let the proxy pass Host on with its port.",
        setting="whole",
    ),
    Kind(
        id="contradictory-scheme",
        title="The service refuses requests because the proxy sends two different schemes.",
        why="gunicorn answers 400 'Contradictory scheme headers' when X-Forwarded-Proto comes twice with different "
        "values, or beside an X-Forwarded-Ssl or X-Forwarded-Protocol that says something else.",
        change="Let one proxy set X-Forwarded-Proto, once, and remove X-Forwarded-Ssl and X-Forwarded-Protocol.",
        setting="public-scheme",
    ),
    Kind(
        id="redirect-loop",
        title="The address redirects to itself for ever.",
        why="The service redirects http to https (HTTPSRedirectMiddleware and the like) but believes that every "
        "request is http, because it does not trust the X-Forwarded-Proto of its proxy, or gets none.",
        change="Redirect http to https in the proxy and not in the service, or let the service trust the proxy: "
        "@TRUST@.",
        setting="public-scheme",
        explains=_WRONG_ORIGIN,
    ),
    Kind(
        id="kept-but-expected-stripped",
        title="Your proxy keeps the prefix @PREFIX@, your server expects it stripped.",
        why="The service itself answers without the prefix and not with it, and the proxy hands over paths that have "
        "it.",
        asgi="uvicorn --root-path and fastapi run --root-path are for proxies that strip: uvicorn puts the prefix in "
        "front once more, so every path is 404 and every WebSocket 403.",
        change="Let the proxy strip the prefix (below), or set the service up for a proxy that keeps it: @KEPT@.",
        setting="strip-the-prefix",
    ),
    Kind(
        id="stripped-but-expected-kept",
        title="Your proxy strips the prefix @PREFIX@, your server expects it kept.",
        why="The service's own paths begin with @PREFIX@, and the proxy removes it, so only @PREFIX@@PREFIX@/... "
        "reaches them.",
        change="Let the proxy pass the path on as it is (below), or take the prefix out of the service's own routes "
        "and set it up for a proxy that strips: @STRIPPED@.",
        setting="keep-the-prefix",
    ),
    Kind(
        id="nothing-below-the-prefix",
        title="The service answers 'not found' to every path below @PREFIX@/.",
        why="The proxy reaches the service, but no path means anything to it. Most often the proxy keeps the prefix, "
        "and the service expects it stripped.",
        asgi="uvicorn --root-path @PREFIX@ is for a proxy that strips, it puts the prefix in front again; a root path "
        'with a slash at its end (FastAPI(root_path="@PREFIX@/")) does the same. uvicorn\'s --root-path has to go '
        "where the proxy keeps the prefix.",
        change="Let the proxy strip the prefix (below), or set the service up for a proxy that keeps it: @KEPT@. Ask "
        "again with --direct and the service's own address to find out which. A service that answers at no address "
        "but those of its API needs --spec URL to be examined.",
        setting="strip-the-prefix",
    ),
    Kind(
        id="root-path-lacks-slash",
        title="The service's root path has no slash at its front.",
        why="The docs page asks for a relative address that repeats the prefix, so the browser asks below @PREFIX@ "
        "for the prefix once more.",
        change="Write the root path as @PREFIX@: with a slash in front and none at the end (--root-path @PREFIX@).",
        explains=_WRONG_ADDRESSES,
    ),
    Kind(
        id="root-path-ends-in-slash",
        title="The service's root path has a slash at its end.",
        why="The server puts root path and path together as they are, so addresses have // in them and redirects "
        "lead there.",
        change="Write the root path as @PREFIX@: with a slash in front and none at the end (--root-path @PREFIX@).",
        explains=_WRONG_ADDRESSES,
    ),
    Kind(
        id="prefix-set-twice",
        title="The prefix is set in two places, so addresses carry it twice.",
        why="The routes have the prefix (include_router(prefix=...)) and the root path has it too. Clients put the "
        "server's URL before the path and call an address that does not exist.",
        change="Keep the prefix in one place: take it out of the routes (then the proxy strips it), or out of "
        "--root-path / FastAPI(root_path=...) (then the proxy keeps it).",
        explains=_WRONG_ADDRESSES,
    ),
    Kind(
        id="outer-prefix-unknown",
        title="The service knows only the inner part of its public prefix @PREFIX@.",
        why="Another proxy in front adds a prefix that the service does not know, and no server reads "
        "X-Forwarded-Prefix by itself. Everything points at the inner prefix.",
        change="Make the addresses relative, which is right under any prefix: FastAPI(root_path_in_servers=False, "
        'servers=[{"url": "."}], swagger_ui_parameters={"url": "openapi.json"}), tokenUrl="token"; or tell the '
        "service the whole prefix: @TELL@.",
        explains=_WRONG_ADDRESSES,
    ),
    Kind(
        id="prefix-unknown",
        title="The service does not know that it is public below @PREFIX@.",
        why="The proxy strips the prefix, and the service writes absolute paths without it: its pages ask the root of "
        "the domain for their files, links and API description ('Failed to load API definition').",
        change="Tell the service its prefix: @TELL@.",
        setting="strip-the-prefix",
        explains=_WRONG_ADDRESSES,
    ),
    Kind(
        id="prefix-for-a-keeping-proxy",
        title="The prefix @PREFIX@ is set in the way for proxies that keep it, but this proxy strips it.",
        why="Pages and plain routes work, but what the service makes of its own path lacks the prefix: redirects lose "
        "it, and mounted applications and static files may be 404.",
        asgi="FastAPI(root_path=...), gunicorn -k asgi --root-path, hypercorn --root-path and granian "
        "--url-path-prefix leave the path without the prefix; only uvicorn's own --root-path is for proxies that "
        "strip.",
        change="Behind a proxy that strips: @STRIPPED@, in place of a root path that is set elsewhere; or let the "
        "proxy keep the prefix (below).",
        setting="keep-the-prefix",
        severity=Severity.SOME_CLIENTS,
        explains=frozenset({"asset-not-found", "asset-wrong-type", "redirect-loses-prefix"}),
    ),
    Kind(
        id="location-doubled",
        title="Redirects carry the prefix twice.",
        why="Without a Host header of its own the backend writes redirects to its inner address, and nginx's default "
        "proxy_redirect puts the prefix in front of what already has it.",
        change="Pass the public Host on, and let the proxy leave Location alone (nginx: proxy_redirect off).",
        setting="whole",
        explains=_WRONG_ORIGIN,
    ),
    Kind(
        id="host-lost",
        title="Redirects lead to a host that is not the public one.",
        why="The proxy replaces the Host header by the backend's address, and the service builds absolute redirects "
        "from it. Browsers cannot reach that host, and clients drop "
        "Authorization on the way (401).",
        change="Pass the public Host on, with its port.",
        setting="whole",
        explains=_WRONG_ORIGIN,
    ),
    Kind(
        id="scheme-lost",
        title="An https page is sent on to http.",
        why="TLS ends at the proxy, and the service thinks that it is asked over http: X-Forwarded-Proto is not sent, "
        "is overwritten by a second proxy, or comes from a peer that the service does not trust (by default only "
        "127.0.0.1). Browsers block it as mixed content, clients drop Authorization (401).",
        change="Send X-Forwarded-Proto from the proxy (below), and let the service trust it: "
        "@TRUST@. With two proxies the inner one must pass on what "
        "the outer one says.",
        setting="public-scheme",
        explains=frozenset(
            {
                "browser-load-failed",
                "mixed-content",
                "port-lost",
                "token-url-redirected",
                "own-redirect",
            }
        ),
    ),
    Kind(
        id="port-lost",
        title="Redirects lose the public port.",
        why="The proxy passes the host on without its port (nginx: $host), and the service builds absolute redirects "
        "from the Host header only. The redirect leads to another origin, so clients drop Authorization too.",
        change="Pass the Host on with its port. X-Forwarded-Port is read by no Python server.",
        setting="whole",
        explains=frozenset({"own-redirect", "token-url-redirected"}),
    ),
    Kind(
        id="own-redirect",
        title="The proxy's own redirect from @PREFIX@ to @PREFIX@/ leaves the public origin.",
        why="The proxy adds the slash itself and writes an absolute address from what it listens on, which differs "
        "from what the public sees when the port is published under another number or TLS ends in front of it.",
        change="Make the proxy's own redirects relative.",
        setting="whole",
    ),
    Kind(
        id="redirect-loses-prefix",
        title="Redirects lose the prefix @PREFIX@.",
        why="The proxy strips the prefix, and the service writes absolute paths without it.",
        change="Tell the service its prefix: @TELL@; or make redirects relative.",
        setting="strip-the-prefix",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="servers-miss-prefix",
        title="The OpenAPI document sends requests past the prefix @PREFIX@.",
        why="'servers' does not name the public prefix, so 'Try it out' and generated clients call the root of the "
        "domain.",
        asgi="An own app.openapi() loses the prefix that FastAPI adds by itself.",
        change="Name the public address in the document: @SERVERS@; or, where the document follows it, tell the "
        "service its prefix: @TELL@.",
        explains=frozenset({"token-url-by-the-text"}),
    ),
    Kind(
        id="token-url-not-found",
        title="'Authorize' in the docs finds no token endpoint.",
        why="tokenUrl stands in the OpenAPI document as it was written, and nothing adds the prefix. Swagger UI "
        "resolves it against the docs page.",
        change='Write tokenUrl relative to the docs page: OAuth2PasswordBearer(tokenUrl="token") for the service\'s '
        'own endpoint, "../auth/token" for a service beside it.',
        explains=frozenset({"token-url-by-the-text"}),
    ),
    Kind(
        id="token-url-redirected",
        title="The token endpoint redirects.",
        why="A sign-in is a POST; a redirect of it loses the form, the Authorization header or, from https to http, "
        "is blocked.",
        change="Write tokenUrl exactly as the route is declared, with or without the slash at its end.",
    ),
    Kind(
        id="token-url-by-the-text",
        title="Swagger UI finds the token endpoint, a client that follows the OpenAPI text does not.",
        why="Swagger UI resolves tokenUrl against the docs page, the OpenAPI text against the server's URL: from "
        "'@PREFIX@' without a slash at its end, 'token' becomes a sibling of the prefix.",
        change='Publish servers=[{"url": "."}] with root_path_in_servers=False: then both readings agree.',
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="spec-not-found",
        title="The docs page asks for an API description that is not there.",
        why="Swagger UI or ReDoc loads, then says that it failed to load the API definition.",
        change="Make openapi_url and the address in the docs page agree; relative ('openapi.json') is right under "
        "every prefix.",
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="spec-fails",
        title="The service fails to make its API description (5xx).",
        why="The docs page finds the description's address, but what answers there is an error of the service.",
        change="Look into the service's log: openapi.json is made when it is asked for, so a wrong model or response "
        "class shows there first. A proxy cannot mend it.",
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="spec-not-openapi",
        title="What the docs page loads is no OpenAPI 3 document.",
        why="A page or another service answers at that address, so the docs show an error.",
        change="Let the proxy send that address to the service, before any rule that serves a web application.",
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="csp-blocks-page",
        title="The Content-Security-Policy blocks what the page needs.",
        why="The browser refuses scripts, styles or requests that the policy does not allow, and the page stays blank. "
        "FastAPI's own docs page has an inline script and loads from cdn.jsdelivr.net.",
        change="Serve Swagger UI's files from the service and start it from a script file of its own (no inline "
        "script), or add 'unsafe-inline', a nonce or a hash and the hosts for this one page.",
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="mixed-content",
        title="An https page uses http addresses.",
        why="Browsers block them. url_for() and configured addresses are http when the service does not know that "
        "TLS ends at the proxy.",
        change="Send X-Forwarded-Proto from the proxy and let the service trust it (@TRUST@), "
        "or write addresses without scheme and host.",
        setting="public-scheme",
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="page-without-slash",
        title="The page answers at @PREFIX@ without its slash too, and looks for its files beside itself.",
        why="A browser resolves a relative address against the folder of the page: without the slash at the end that "
        "is the folder above @PREFIX@, where the files are not.",
        change="Redirect @PREFIX@ to @PREFIX@/ in the proxy (below).",
        setting="whole",
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="asset-not-found",
        title="Scripts or styles of the page are not found.",
        why="The page asks for them outside its prefix, or below one that the service does not serve.",
        asgi="FastAPI's recipe for own docs assets writes /static/... without the root path.",
        change="Write the addresses relative to the page, or with the public prefix in front (FastAPI: "
        'request.scope["root_path"]).',
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="asset-wrong-type",
        title="Scripts or styles of the page come with the wrong content type.",
        why="Browsers refuse a script that is text/html and, under nosniff, everything that is not what it says. "
        "Often a single-page application's index.html answers in place of the file.",
        change="Send these addresses to the service, and give files their type (nginx: include mime.types).",
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="oauth2-redirect-not-found",
        title="The page that OAuth2 logins return to is not found.",
        why="Swagger UI sends the login back to oauth2RedirectUrl, which the docs page writes without the prefix.",
        change="Give the service its prefix (@TELL@), or write oauth2RedirectUrl (FastAPI: "
        "swagger_ui_oauth2_redirect_url) with it.",
    ),
    Kind(
        id="websocket-upgrade-lost",
        title="The WebSocket's handshake arrives as an ordinary request.",
        why="The proxy does not pass Upgrade and Connection on (they are hop-by-hop), so the service looks for an "
        "HTTP route and finds none.",
        change="Let the proxy pass the upgrade on, with HTTP/1.1.",
        setting="whole",
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="websocket-redirected",
        title="The WebSocket's address redirects.",
        why="A WebSocket handshake cannot follow a redirect (browsers fail it).",
        change="Call the address exactly as it is declared, and let no proxy rule redirect it.",
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="websocket-refused",
        title="The service refuses the WebSocket's handshake.",
        why="403 before the upgrade means that no WebSocket route has this path (prefix doubled or missing), or that "
        "the service refuses this Origin.",
        asgi="uvicorn --root-path behind a proxy that keeps the prefix does this to every WebSocket.",
        change="Check the declared path and the prefix, and which origins the service lets in.",
        explains=_IN_A_BROWSER,
    ),
    Kind(
        id="browser-load-failed",
        title="In a real browser something that the page asks for does not load.",
        why="Chromium opened the page as a person would, and this failed. Its own words say why; whatever the other "
        "findings say of the same address is the cause.",
        change="Look for the address in what the proxy passes on and in what the page writes; if it lacks the "
        "prefix: @TELL@.",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="encoded-slash-refused",
        title="The proxy refuses %2F in a path.",
        why="An identifier with a slash in it never reaches the service: the proxy answers by itself.",
        change="Let the proxy pass encoded slashes on unchanged.",
        setting="encoded-slash",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="path-rewritten",
        title="The proxy changes paths on the way: %2F is decoded or // merged.",
        why="nginx normalises the path when proxy_pass has a URI part, even a single slash, and Caddy's handle_path "
        "merges slashes, so a%2Fb and a//b mean something else to the service.",
        change="Let the proxy pass the path on byte for byte.",
        setting="encoded-slash",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="segment-boundary",
        title="The rule for @PREFIX@ also captures @PREFIX@x.",
        why="The proxy compares text and not path segments: addresses of other services land here, and access rules "
        "written for @PREFIX@/ are passed by.",
        change="Match @PREFIX@ exactly and @PREFIX@/ as a prefix.",
        setting="whole",
        severity=Severity.RISKY,
    ),
    Kind(
        id="well-known-not-found",
        title="OAuth metadata is found at one of its two addresses only.",
        why="RFC 8414 section 3.1 puts the issuer's path after /.well-known/oauth-authorization-server at the root of "
        "the host; OpenID clients append it to the issuer. Clients try either.",
        change="Route both spellings to the service.",
        setting="well-known",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="challenge-lost",
        title="The 401 lacks its WWW-Authenticate.",
        why="The challenge tells a client where its tokens come from (RFC 9728 section 5.1). A 401 that the proxy "
        "makes itself has none: nginx's auth_request with an error_page for 401, or a gateway in front.",
        change="Pass the challenge on. nginx: auth_request_set $challenge $upstream_http_www_authenticate; and, in the "
        "location of the error_page, add_header WWW-Authenticate $challenge always; or leave the error_page out.",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="metadata-is-html",
        title="A page answers (200) where clients look for OAuth metadata.",
        why="A single-page application's index.html answers every address, also those below /.well-known/. A client "
        "takes 200 for the document, cannot read it, and stops: it does not try the next address.",
        change="Let the proxy send /.well-known/ to the service, or answer 404 there, before the rule that serves the "
        "application (nginx: location ^~ /.well-known/ { ... } beside try_files $uri /index.html).",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="metadata-behind-sign-in",
        title="OAuth metadata asks for a sign-in itself.",
        why="Metadata is what a client reads to find out how to sign in. A gateway (auth_request, forward auth, an "
        "identity-aware proxy) guards it together with the service.",
        change="Except /.well-known/oauth-protected-resource, /.well-known/oauth-authorization-server and "
        "/.well-known/openid-configuration from the gateway's sign-in (nginx: auth_request off).",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="metadata-redirected",
        title="OAuth metadata redirects to another origin.",
        why="Clients do not follow a redirect of metadata to another host or port: what is there could name any "
        "authorization server.",
        change="Answer the metadata at the address itself.",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="resource-metadata-not-found",
        title="The metadata of the protected resource is not where clients look.",
        why="RFC 9728 section 3.1 puts /.well-known/oauth-protected-resource at the root of the host, and the "
        "resource's own path behind it. A proxy that knows the prefix only does not send that to the service.",
        change="Route /.well-known/oauth-protected-resource@PREFIX@ to the service beside @PREFIX@/ (nginx: location = "
        "/.well-known/oauth-protected-resource@PREFIX@ { proxy_pass http://@UPSTREAM@; }), and name it in the "
        'challenge (WWW-Authenticate: Bearer resource_metadata="...").',
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="resource-mismatch",
        title="The metadata is of another resource than the address that people type.",
        why="RFC 9728 section 3.3: a client must refuse metadata whose resource is not the address that it wants. "
        "It differs in scheme, port, prefix or name when the service makes it of what the proxy hands over.",
        change="Configure the resource's address as the public URL (FastMCP: base_url=; MCP's Python SDK: "
        "resource_server_url=), and do not derive it from the request.",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="issuer-mismatch",
        title="The OAuth metadata names an issuer that is not where it was found.",
        why="RFC 8414 section 3.3: the issuer must be the address that the metadata was found under, or clients must "
        "refuse it. It differs in scheme, port or prefix, as after a lost X-Forwarded-Proto.",
        change="Configure the issuer as the public URL, and do not derive it from the request.",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="metadata-endpoint-not-found",
        title="The OAuth metadata names an endpoint that is not there.",
        why="Metadata, issuer and all, is found, and then the client meets 404: the endpoint's address lacks the "
        "prefix, or carries it twice.",
        change="Configure the issuer with its public prefix; the endpoints follow from it.",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="metadata-without-cors",
        title="Clients that run in a browser cannot read the OAuth metadata.",
        why="Without Access-Control-Allow-Origin a browser hides the answer from a page of another origin (MCP "
        "Inspector, web chat clients). Metadata is public, so any origin may read it.",
        change="Send Access-Control-Allow-Origin: * with the metadata, and Access-Control-Expose-Headers: "
        "WWW-Authenticate with the 401 (Starlette: CORSMiddleware).",
        severity=Severity.SOME_CLIENTS,
    ),
    Kind(
        id="prefix-injection",
        title="Anyone can write into the page through X-Forwarded-Prefix.",
        why="The header reaches the service from the client, becomes the root path unchecked, and is written "
        "unescaped into the page: in FastAPI's docs that is a script.",
        change="Take the prefix from trusted peers only, check it against ^(/[A-Za-z0-9._~-]+)*$, and let the proxy "
        "overwrite or remove the client's header.",
        setting="whole",
        severity=Severity.RISKY,
        explains=frozenset({"forwarded-prefix-trusted"}),
    ),
    Kind(
        id="host-trusted",
        title="A foreign Host header decides where redirects and links lead.",
        why="The proxy forwards any Host, and the service builds absolute addresses from it: open redirects, poisoned "
        "caches, forged links in mails.",
        change="Let the proxy refuse hosts that it does not know, or do so in the service (FastAPI: "
        "TrustedHostMiddleware(allowed_hosts=[...])).",
        setting="known-hosts",
        severity=Severity.RISKY,
    ),
    Kind(
        id="forwarded-host-trusted",
        title="A client's own X-Forwarded-Host, X-Forwarded-Port or Forwarded decides where links lead.",
        why="The proxy passes the header through and something behind it believes it.",
        change="Let the proxy overwrite or remove what clients send.",
        setting="whole",
        severity=Severity.RISKY,
    ),
    Kind(
        id="forwarded-proto-trusted",
        title="A client's own X-Forwarded-Proto decides the scheme.",
        why="The proxy passes the header through, so a client can make the service believe that it is asked over "
        "another scheme than it is.",
        change="Let the proxy overwrite what clients send.",
        setting="whole",
        severity=Severity.RISKY,
    ),
    Kind(
        id="forwarded-prefix-trusted",
        title="A client's own X-Forwarded-Prefix decides where links lead.",
        why="The proxy passes the header through and the service uses it as its prefix.",
        change="Let the proxy overwrite or remove what clients send, and read the header from trusted peers only.",
        setting="whole",
        severity=Severity.RISKY,
    ),
    Kind(
        id="forwarded-for-trusted",
        title="A client can choose its own address with X-Forwarded-For.",
        why="The proxy appends to what the client sends, and the service believes the leftmost entry. "
        "Rate limits, allow lists and audit logs by address are worth nothing.",
        asgi="uvicorn does so with --forwarded-allow-ips '*': name the proxy's network in place of it.",
        change="Let the proxy overwrite X-Forwarded-For (below), and let the service believe the proxy's address only.",
        setting="whole",
        severity=Severity.RISKY,
    ),
    Kind(
        id="cookie-not-secure",
        title="A cookie of an https site lacks Secure.",
        why="Browsers send it over http too, where anyone on the way reads it.",
        asgi="SessionMiddleware's default is https_only=False.",
        change="Set it with Secure (FastAPI: SessionMiddleware(https_only=True), or secure=True in set_cookie()).",
        severity=Severity.RISKY,
    ),
    Kind(
        id="cookie-path-shared",
        title="A cookie of this service is sent to, and overwritten by, every service of the domain.",
        why="Its Path is / and its name does not say whose it is: two services with the defaults wipe each other's "
        "sessions.",
        change="Give it the path @PREFIX@ or a name of its own per service (FastAPI: "
        'SessionMiddleware(path="@PREFIX@"), or its session_cookie).',
        severity=Severity.RISKY,
    ),
    Kind(
        id="third-party-assets",
        title="The docs page loads files from other hosts.",
        why="Without internet, behind a strict policy or when that host is blocked the page stays blank, and that host "
        "can change what runs on it: FastAPI's addresses are floating versions without integrity hashes.",
        change="Serve swagger-ui-dist and redoc from the service (get_swagger_ui_html(swagger_js_url=...)).",
        severity=Severity.RISKY,
    ),
)

KINDS = {kind.id: kind for kind in _ALL}
"""All kinds by id, causes before consequences."""
