"""What a run does around its users: the preflight before them, the report and the verdict after.

Exit codes: 0 every request was right, 1 some were not, 2 nothing was measured.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from flask import Response, jsonify, request
from locust.env import Environment
from locust.event import Events
from locust.runners import STATE_INIT, STATE_STOPPED, WorkerRunner

from loadtests import preflight, progress, report
from loadtests.settings import SettingsError, current_settings

NOTHING_MEASURED = 2
VERDICTS = {
    0: "every request was right",
    1: "some requests failed, see the errors above",
    NOTHING_MEASURED: "nothing was measured, because no request was answered",
}


def attach(events: Events) -> None:
    """Listen to Locust's events."""
    for hook, listener in (
        (events.init_command_line_parser, _add_options),
        (events.init, _prepare),
        (events.quitting, _conclude),
    ):
        hook.add_listener(listener)  # type: ignore[no-untyped-call]


def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--report-folder",
        metavar="<folder>",
        env_var="LOADTESTS_REPORT_FOLDER",
        include_in_web_ui=False,
        help="Folder for report.html and summary.json",
    )


def _prepare(environment: Environment, web_ui: Any, **_: Any) -> None:
    runner, options = environment.runner, environment.parsed_options
    # The master has checked what its workers are sent to.
    if runner is None or options is None or isinstance(runner, WorkerRunner):
        return
    try:
        settings = current_settings()
        environment.host = (environment.host or settings.url).rstrip("/")
        preflight.check(environment.host, settings)
        if options.report_folder:
            Path(options.report_folder).mkdir(parents=True, exist_ok=True)
    except (SettingsError, preflight.NotReadyError) as problem:
        _refuse_to_start(str(problem))
    except OSError as error:
        _refuse_to_start(f"{options.report_folder} cannot be created ({error.strerror}).")
    if web_ui:
        web_ui.app.before_request(lambda: _refuse_swarm(environment))
    else:
        runner.greenlet.spawn(progress.show, runner, options.run_time)


def _refuse_to_start(sentence: str) -> None:
    print(f"load test not started: {sentence}", file=sys.stderr)
    sys.exit(NOTHING_MEASURED)


def _refuse_swarm(environment: Environment) -> Response | None:
    """Check the target that the web page names before Locust starts users against it."""
    if request.method != "POST" or request.path != "/swarm":
        return None
    url = request.form.get("host", environment.host or "").rstrip("/")
    try:
        preflight.check(url, current_settings())
    except preflight.NotReadyError as problem:
        return jsonify({"success": False, "message": str(problem), "host": environment.host})
    return None


def _conclude(environment: Environment, **_: Any) -> None:
    runner, options = environment.runner, environment.parsed_options
    if runner is None or options is None or isinstance(runner, WorkerRunner):
        return
    # After SIGTERM and Ctrl-C the users still run: they leave now, so that what they clean up is in
    # the report and in the exit code.
    if runner.state not in (STATE_INIT, STATE_STOPPED):
        runner.stop()
    progress.clear()
    if options.report_folder:
        report.write(environment, runner, Path(options.report_folder))
    if options.headless:
        if runner.stats.total.num_requests == 0:
            environment.process_exit_code = NOTHING_MEASURED
        # Locust prints its tables first and fires this after them.
        environment.events.quit.add_listener(  # type: ignore[no-untyped-call]
            lambda exit_code, **_: _print_verdict(exit_code, options.report_folder)
        )


def _print_verdict(exit_code: int, report_folder: str | None) -> None:
    print(f"load test: {VERDICTS.get(exit_code, f'exit code {exit_code}')}.", file=sys.stderr)
    if report_folder:
        print(f"report: {Path(report_folder) / report.HTML_NAME}", file=sys.stderr)
