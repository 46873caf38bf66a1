"""Which proxy answers, by the headers and error pages that it cannot help writing."""

from collections.abc import Iterable

from doctor.deployment import PROBE, Answer, Deployment, LimitReachedError, NoAnswerError

PROXIES = ("nginx", "caddy", "haproxy", "apache", "traefik", "envoy")

_IN_SERVER = {
    "nginx": "nginx",
    "openresty": "nginx",
    "caddy": "caddy",
    "apache": "apache",
    "envoy": "envoy",
    "traefik": "traefik",
}
_ERROR_PAGES = {
    "<hr><center>nginx": "nginx",
    "no server is available to handle this request": "haproxy",
    "your browser sent an invalid request.": "haproxy",
    "<address>apache": "apache",
}


_OTHER_PAGES = (
    "no healthy upstream",
    "upstream connect error",
    "no available server",
    "<center>nginx",
    "<center>openresty",
    "<h1>502 bad gateway</h1>",
    "<h1>504 gateway",
)


def refuses_the_host(answer: Answer) -> bool:
    """Whether the service, and not its proxy, answers that it is not asked under this Host."""
    said = answer.text[:200].lower()
    in_words = "invalid host" in said or "disallowedhost" in said or "blocked host" in said
    return (answer.status == 421 and not is_in_the_proxys_words(answer)) or (
        answer.status in (400, 403) and in_words
    )


_WELCOME_PAGES = {
    "<title>welcome to nginx!</title>": "nginx's own welcome page",
    "<h1>it works!</h1>": "Apache's own welcome page",
    "debian default page: it works": "Apache's own welcome page",
    "ubuntu default page: it works": "Apache's own welcome page",
    "<title>caddy works!</title>": "Caddy's own welcome page",
    "<title>iis windows server</title>": "the welcome page of IIS",
    "<title>index of /": "a list of the files of a folder",
}


def welcomes(answer: Answer) -> str:
    """Return whose page it is that is shown where no site is configured, empty where it is none."""
    text = answer.text[:2000].lower() if answer.status == 200 and answer.is_html else ""
    return next((whose for words, whose in _WELCOME_PAGES.items() if words in text), "")


def is_in_the_proxys_words(answer: Answer) -> bool:
    """Whether a proxy wrote this error by itself; some say nothing at all."""
    text = answer.text[:2000].strip().lower()
    if answer.content_type.endswith("json"):
        return False
    is_apache = "<title>503 service unavailable" in text or "<title>403 forbidden" in text
    short = text in ("", "bad gateway", "service unavailable", "gateway timeout")
    return short or is_apache or any(words in text for words in (*_ERROR_PAGES, *_OTHER_PAGES))


def recognise(deployment: Deployment) -> str:
    """Return one of `PROXIES`, or `unknown`."""
    try:
        at_the_root = deployment.get(f"{deployment.origin}/{PROBE}")
    except (NoAnswerError, LimitReachedError):
        at_the_root = None
    return (
        _by_headers(deployment.answers) or _by_words(at_the_root, deployment.answers) or "unknown"
    )


def _by_headers(answers: Iterable[Answer]) -> str | None:
    for answer in answers:
        said = f"{answer.headers.get('server', '')} {answer.headers.get('via', '')}".lower()
        for word, proxy in _IN_SERVER.items():
            if word in said:
                return proxy
        if "x-envoy-upstream-service-time" in answer.headers:
            return "envoy"
    return None


def _by_words(at_the_root: Answer | None, answers: Iterable[Answer]) -> str | None:
    for answer in answers:
        text = answer.text[:2000].lower() if answer.status >= 400 else ""
        for words, proxy in _ERROR_PAGES.items():
            if words in text:
                return proxy
    # Traefik sends no Server header; its own 404 is Go's.
    if at_the_root and at_the_root.status == 404 and at_the_root.text == "404 page not found\n":
        return "traefik"
    return None
