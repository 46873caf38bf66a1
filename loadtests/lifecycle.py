"""What a run does around its users: checks and accounts before them, the verdict and the report after.

Workers take no part in this but for sending what they measured: only the master judges.
"""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from locust.env import Environment
from locust.event import Events
from locust.runners import STATE_INIT, STATE_STOPPED, MasterRunner, Runner, WorkerRunner

from loadtests import (
    accounts,
    budgets,
    generator_cpu,
    interruption,
    progress,
    report,
    target_checks,
    verdict_table,
    web_page,
    workers,
)
from loadtests.account_client import ACCOUNT_PATH
from loadtests.assignment import Assignment, assignment_of
from loadtests.latency import Latencies
from loadtests.open_model import arrivals
from loadtests.run import run_of
from loadtests.services import ITEMS, applies
from loadtests.settings import SettingsError, current_settings
from loadtests.target import NotReadyError, Target
from loadtests.user_mix import assign
from loadtests.verdict import BROKEN, CANNOT_TELL, NOTHING_MEASURED, Verdict, judge

ROWS_OF_SERVICE_CLIENTS = ("POST /auth/token [client_credentials]",)
ROWS_OF_ACCOUNT_READERS = (f"GET {ACCOUNT_PATH}",)


def attach(events: Events) -> None:
    """Listen to Locust's events, and to signals."""
    interruption.exit_on_signals()
    workers.end_with_master()
    _listen(events.init_command_line_parser, _add_options)
    _listen(events.init, _set_up)
    generator_cpu.attach(events)


def _listen(hook: Any, listener: Any) -> None:
    hook.add_listener(listener)


def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--report-folder",
        metavar="<folder>",
        include_in_web_ui=False,
        help="Folder for the report",
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=0.0,
        include_in_web_ui=False,
        help="Requests per second at the peak of the curve; 0 is the closed model",
    )
    parser.add_argument(
        "--curve",
        default="steady",
        include_in_web_ui=False,
        help="The shape that the rate follows",
    )
    parser.add_argument(
        "--side",
        type=int,
        choices=(0, 1),
        include_in_web_ui=False,
        help="Which of two runs this is that take turns",
    )
    parser.add_argument(
        "--budgets",
        metavar="<file>",
        default=str(budgets.DEFAULT_FILE),
        include_in_web_ui=False,
        help="What each row may cost",
    )


def _set_up(environment: Environment, web_ui: Any, **_: Any) -> None:
    runner, options = environment.runner, environment.parsed_options
    if runner is None or options is None:
        return
    latencies = Latencies()
    latencies.attach(environment)
    arrivals.attach(environment)
    interruption.judge_on_signals(runner, headless=bool(options.headless))
    # What listens last is asked first: Locust's own listener tells the master that this worker is gone.
    if isinstance(runner, WorkerRunner):
        _listen(environment.events.quitting, lambda **_: workers.leave(runner))
        return
    try:
        settings = current_settings()
        environment.host = (environment.host or settings.url).rstrip("/")
        budgets.read(Path(options.budgets))
        assign(environment, options, environment.host, options.num_users or 1)
        if options.report_folder:
            Path(options.report_folder).mkdir(parents=True, exist_ok=True)
    except (SettingsError, NotReadyError, budgets.BudgetsError) as problem:
        _refuse_to_start(str(problem))
    except OSError as error:
        _refuse_to_start(f"{options.report_folder} cannot be created ({error.strerror}).")
    recorded = report.Report(environment, runner, run_of(environment), latencies)
    crew = (
        workers.Crew(runner, assignment_of(environment).workers)
        if isinstance(runner, MasterRunner)
        else None
    )
    _listen(environment.events.quitting, lambda **_: _conclude(environment, runner, crew, recorded))
    if web_ui:
        web_page.guard(web_ui, environment, options)
        progress.say(
            f"Locust's page is at http://{options.web_host}:{options.web_port} until Ctrl-C; it loads "
            f"{environment.host}."
        )
    else:
        if crew:
            _listen(environment.events.test_stop, lambda **_: crew.dismiss())
        runner.greenlet.spawn(progress.show, runner, options.run_time)


def _refuse_to_start(sentence: str) -> None:
    print(f"load test not started: {sentence}", file=sys.stderr)
    sys.exit(NOTHING_MEASURED)


def _conclude(
    environment: Environment, runner: Runner, crew: workers.Crew | None, recorded: report.Report
) -> None:
    options = environment.parsed_options
    if options is None:
        return
    # Locust's page starts and stops runs as its user wants, so nothing is missed there.
    incomplete = recorded.ended_early() if options.headless else []
    if crew:
        crew.dismiss()
    elif runner.state not in (STATE_INIT, STATE_STOPPED):
        # The users leave now, so that what they clean up is in the report and in the exit code.
        runner.stop()
    progress.clear()
    if options.headless:
        incomplete += [crew.lost] if crew and crew.lost else []
        incomplete += [arrivals.missing] if arrivals.missing else []
    verdict = _verdict_on(environment, runner, Path(options.budgets), recorded, incomplete)
    doubts: list[str] = []
    if options.report_folder:
        doubts = recorded.write(verdict, Path(options.report_folder))
    _retire(environment.host or "", assignment_of(environment))
    if options.headless:
        environment.process_exit_code = verdict.exit_code
        # Locust closes its workers first and fires this last.
        _listen(environment.events.quit, lambda **_: _print(verdict, doubts, options))


def _retire(url: str, assignment: Assignment) -> None:
    """Leave nothing that can sign in; a target that does not let us is told, and is judged all the same."""
    admin = current_settings().admin
    if assignment.series is None or admin is None:
        return
    target = Target(url)
    try:
        # The users may have used up what the limit of sign-ins allows.
        with target_checks.signed_in(
            target, admin, ["auth:admin"], patience_seconds=accounts.LONGEST_WAIT_SECONDS
        ) as token:
            accounts.retire(target, token, assignment.series)
    except NotReadyError as problem:
        progress.say(f"the accounts of the run and its client are left as they were: {problem}")


def _verdict_on(
    environment: Environment,
    runner: Runner,
    budgets_file: Path,
    recorded: report.Report,
    incomplete: list[str],
) -> Verdict:
    assignment = assignment_of(environment)
    left_out = ROWS_OF_SERVICE_CLIENTS if assignment.client is None else ()
    not_called = (
        ROWS_OF_ACCOUNT_READERS if ITEMS in assignment.services else ROWS_OF_SERVICE_CLIENTS
    )
    apply = {
        row: budget
        for row, budget in budgets.read(budgets_file).items()
        if applies(row, assignment.services) and row not in not_called
    }
    errors_of_users = [str(error["msg"]) for error in runner.exceptions.values()]
    return judge(
        runner.stats,
        recorded.settled(),
        apply,
        seconds=recorded.seconds,
        left_out=left_out,
        errors_of_users=errors_of_users,
        incomplete=incomplete,
    )


def _print(verdict: Verdict, doubts: list[str], options: Namespace) -> None:
    print(verdict_table.table(verdict, colour=sys.stdout.isatty()))
    if verdict.failures:
        print(verdict_table.failures(verdict))
    sys.stdout.flush()
    for sentence in (*doubts, verdict.sentence):
        progress.say(sentence)
    if options.report_folder:
        page = Path(options.report_folder) / report.HTML_NAME
        print(f"report: {_shown(page)}", file=sys.stderr)
    if verdict.exit_code in (BROKEN, CANNOT_TELL):
        print(f"budgets: {_shown(Path(options.budgets))}", file=sys.stderr)


def _shown(path: Path) -> Path:
    # A run in a container has other folders than its reader, but below the checkout they are the same.
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
