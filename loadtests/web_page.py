"""Locust's web page may name another target and other numbers, so they are checked when it starts a run."""

from argparse import Namespace

from flask import Response, jsonify, request
from locust.env import Environment
from locust.web import WebUI

from loadtests.target import NotReadyError
from loadtests.user_mix import assign


def guard(page: WebUI, environment: Environment, options: Namespace) -> None:
    """Let the page start no run whose target fails its checks: it shows the sentence instead."""

    def check_swarm() -> Response | None:
        if request.method != "POST" or request.path != "/swarm":
            return None
        url = request.form.get("host", environment.host or "").rstrip("/")
        try:
            assign(environment, options, url, int(_number("user_count")), _number("spawn_rate"))
        except NotReadyError as problem:
            return jsonify({"success": False, "message": str(problem), "host": environment.host})
        return None

    if page.app:
        page.app.before_request(check_swarm)


def _number(field: str) -> float:
    text = request.form.get(field, "")
    return float(text) if text.replace(".", "", 1).isdecimal() else 1.0
