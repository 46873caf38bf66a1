"""What each command of `python -m deploy` does."""

import argparse
import shutil
import sys

from deploy import dist as wheels
from deploy import docker as containers
from deploy import (
    documentation,
    mode,
    nginx,
    preflight,
    running,
    service_settings,
    settings_file,
    upgrade_docker,
    uv,
)
from deploy import reload as reloading
from deploy import sync as generated
from deploy.checkout import Checkout
from deploy.docker import DockerStack
from deploy.errors import DeployError
from deploy.local import stack as processes
from deploy.local.stack import LocalStack
from deploy.mode import Choice, Mode
from deploy.progress import Progress
from deploy.scaffold.create import create
from deploy.scaffold.remove import remove
from deploy.settings import Settings, load, load_for_what_runs, unknown_names
from deploy.table import render
from deploy.waiting import holds_within

Stack = LocalStack | DockerStack

# A service that was just restarted is given this time before it counts as not ready.
RECOVERS_WITHIN_S = 10


def up(checkout: Checkout, options: argparse.Namespace) -> int:
    """Bring the stack up, unless it runs; one that runs other services than are listed is started anew."""
    settings = load(checkout)
    forced = mode.parse(options.mode)
    trouble = None if forced == Mode.LOCAL else mode.trouble_with_docker(settings.environment)
    choice = mode.choose(forced, trouble)
    present = _present(checkout, docker_answers=forced != Mode.LOCAL and not trouble)
    if present:
        _refuse_another_mode(present[0], forced)
        difference = _difference(present[0])
        if not difference:
            return _say_that_it_runs(present[0])
        choice = Choice(present[0].mode, f"{difference}, so it is started anew. Data stays.")
    print(choice.reason)
    for name in unknown_names(checkout, settings):
        print(f"{name} begins as settings do, but is none: nothing reads it.")
    for stack in present:
        stack.stop()
    changed = generated.sync(checkout)
    if changed:
        print(f"services.toml has changed, so these were written anew: {', '.join(changed)}.")
    stack = _stack(choice.mode, checkout, settings)
    progress = Progress(processes.STEPS if choice.mode == Mode.LOCAL else containers.STEPS)
    with progress.step("checking this machine"):
        stack.preflight()
        is_new = not checkout.env_file.exists()
        added = settings_file.complete(checkout.env_file, settings.services, settings.environment)
        settings = load(checkout)
        if uv.has_packages(checkout):
            service_settings.check(checkout, settings)
    if is_new:
        progress.say("Wrote .env with random passwords.")
    elif added:
        progress.say(f"Added to .env: {', '.join(added)}.")
    note = preflight.note_on_readable_secrets(checkout.env_file)
    if note:
        progress.say(note)
    _stack(choice.mode, checkout, settings).start(progress)
    print(_farewell(settings))
    return 0


def down(checkout: Checkout, options: argparse.Namespace) -> int:
    """Stop what runs of this checkout."""
    stacks = _chosen(checkout, options)
    left = _local(checkout).end_leftovers() if not stacks else 0
    if left:
        print(f"Ended {left} processes that a killed supervisor had left.")
    elif not stacks:
        print("Nothing of this checkout is running.")
    if not stacks and not options.mode:
        running.forget(checkout)
    for stack in stacks:
        stack.stop()
        print(f"Stopped the {stack.name}. Data stays; `make up` goes on with it.")
    return 0


def ps(checkout: Checkout, options: argparse.Namespace) -> int:
    """Print a line for each service, and the address of all."""
    stacks = _chosen(checkout, options)
    if not stacks:
        print("Nothing of this checkout is running. Start it: make up")
        return 1
    rows = [row for stack in stacks for row in stack.rows()]
    print(render(rows))
    for stack in stacks:
        print(f"\n{stack.url()}  ({stack.name})")
    return 1 if any(row.trouble for row in rows) else 0


def reload(checkout: Checkout, options: argparse.Namespace) -> int:
    """Replace the workers of the services while they serve."""
    stacks = _chosen(checkout, options)
    if not stacks:
        raise DeployError("Nothing of this checkout is running. Start it: make up")
    stack = stacks[0]
    services = options.service or stack.services
    for name in services:
        if name not in stack.services:
            raise DeployError(
                f"There is no service {name!r} to reload: S= takes {', '.join(stack.services)}."
            )
    reloading.reload(stack, services, Progress(reloading.STEPS))
    print(stack.renewal)
    return 0


def upgrade(checkout: Checkout, options: argparse.Namespace) -> int:
    """Bring what runs to the code of this checkout, while it serves."""
    stacks = _chosen(checkout, options)
    if not stacks:
        raise DeployError("Nothing of this checkout is running. Start it: make up")
    stack = stacks[0]
    if not isinstance(stack, DockerStack):
        raise DeployError("make upgrade replaces containers. Without Docker: make reload")
    generated.sync(checkout)
    settings_file.complete(checkout.env_file, load(checkout).services)
    stack = DockerStack(checkout, load(checkout))
    upgrade_docker.upgrade(stack, Progress(upgrade_docker.steps(stack)))
    print(f"{stack.url()} runs the code of this checkout.")
    return 0


def logs(checkout: Checkout, options: argparse.Namespace) -> int:
    """Show logs; those of the last run when nothing runs now."""
    stacks = _chosen(checkout, options) or [_local(checkout)]
    try:
        stacks[0].follow_logs(options.service, options.lines, follow=not options.no_follow)
    except KeyboardInterrupt:
        print()  # The way to end what follows logs, so no failure.
    return 0


def clean(checkout: Checkout, options: argparse.Namespace) -> int:
    """Remove the data, after asking."""
    settings = load_for_what_runs(checkout)
    docker = DockerStack(checkout, settings)
    docker_answers = mode.trouble_with_docker(settings.environment) is None
    volumes = docker.volumes() if docker_answers else []
    doomed = [f"the Docker volume {name}" for name in volumes]
    if any(path != checkout.running for path in checkout.data.glob("*")):
        doomed.append("var/ (local databases, logs)")
    if not doomed:
        print("There is no data to remove.")
        return 0
    print("This stops the stack and removes:", *doomed, sep="\n  ")
    print("It keeps .env (settings, passwords), .venv/ and .local/ (installed packages, tools).")
    if not options.yes:
        _ask()
    for stack in _present(checkout, docker_answers):
        stack.stop()
    if volumes:
        docker.remove_volumes()
    shutil.rmtree(checkout.data, ignore_errors=True)
    print("Removed.")
    return 0


def service(checkout: Checkout, options: argparse.Namespace) -> int:
    """Make a new service."""
    print(create(checkout, options.name, options.singular))
    return 0


def service_remove(checkout: Checkout, options: argparse.Namespace) -> int:
    """Take a service out, after asking; its data stays."""

    def stop() -> None:
        for stack in _present(checkout, _docker_answers(checkout)):
            stack.stop()

    print(remove(checkout, options.name, stop=stop, ask=not options.yes))
    return 0


def install(checkout: Checkout, _: argparse.Namespace) -> int:
    """Install everything that the tests and the checks need."""
    uv.sync(checkout, uv.EVERYTHING, load_for_what_runs(checkout).of_installers())
    if nginx.find(checkout) is None:
        if not nginx.can_be_unpacked():
            raise DeployError(nginx.how_to_install())
        nginx.unpack(checkout)
    return 0


def dist(checkout: Checkout, _: argparse.Namespace) -> int:
    """Build the wheels of the parts that other people's apps install."""
    wheels.build_all(checkout)
    print("How to install them: docs/install-the-parts.md")
    return 0


def sync(checkout: Checkout, _: argparse.Namespace) -> int:
    """Write what is made from the list of services."""
    changed = generated.sync_with_pages(checkout)
    print(f"Wrote {', '.join(changed)}." if changed else "Everything agrees with services.toml.")
    return 0


def docs(checkout: Checkout, _: argparse.Namespace) -> int:
    """Build the documentation site."""
    print(
        f"The site: {documentation.build(checkout)} (its search needs a server: make docs SERVE=1)"
    )
    return 0


def address(checkout: Checkout, _: argparse.Namespace) -> int:
    """Print where the stack is reached: the one that runs, else the one that would be started."""
    print(load_for_what_runs(checkout).url)
    return 0


def env(checkout: Checkout, _: argparse.Namespace) -> int:
    """Write `.env`, or what it lacks."""
    settings = load(checkout)
    added = settings_file.complete(checkout.env_file, settings.services, settings.environment)
    print(f"Added to .env: {', '.join(added)}." if added else ".env is complete.")
    return 0


def _stack(which: Mode, checkout: Checkout, settings: Settings) -> Stack:
    return (
        LocalStack(checkout, settings) if which == Mode.LOCAL else DockerStack(checkout, settings)
    )


def _local(checkout: Checkout) -> LocalStack:
    return LocalStack(checkout, load_for_what_runs(checkout))


def _docker_answers(checkout: Checkout) -> bool:
    return mode.trouble_with_docker(load_for_what_runs(checkout).environment) is None


def _present(checkout: Checkout, docker_answers: bool) -> list[Stack]:
    """Return what exists of this checkout, in both modes."""
    settings = load_for_what_runs(checkout)
    stacks: list[Stack] = [LocalStack(checkout, settings)]
    if docker_answers:
        stacks.append(DockerStack(checkout, settings))
    return [stack for stack in stacks if stack.exists()]


def _chosen(checkout: Checkout, options: argparse.Namespace) -> list[Stack]:
    """Return what exists of this checkout in the forced mode, or in both."""
    forced = mode.parse(options.mode)
    found = _present(checkout, forced != Mode.LOCAL and _docker_answers(checkout))
    return [stack for stack in found if forced in (None, stack.mode)]


def _refuse_another_mode(stack: Stack, forced: Mode | None) -> None:
    if forced not in (None, stack.mode):
        raise DeployError(
            f"It already runs as {stack.name}. For MODE={forced} stop that first: make down"
        )


def _difference(stack: Stack) -> str:
    """Return a clause on what runs but is not listed, or is listed but does not run; empty when they agree."""
    started = stack.started_services()
    missing = [name for name in stack.services if name not in started]
    surplus = sorted(started.difference(stack.services))
    clauses = []
    if missing:
        clauses.append(f"runs without {' and '.join(missing)}")
    if surplus:
        clauses.append(f"runs {' and '.join(surplus)}, which services.toml does not list")
    return f"It {' and '.join(clauses)}" if clauses else ""


def _say_that_it_runs(stack: Stack) -> int:
    if not holds_within(RECOVERS_WITHIN_S, lambda: not any(row.trouble for row in stack.rows())):
        print(render(stack.rows()))
        raise DeployError(
            "It already runs, but not all of it is ready. Look with `make logs`, or start afresh: "
            "make down && make up"
        )
    print(f"It already runs as {stack.name}: {stack.url()}")
    print(stack.renewal)
    return 0


def _ask() -> None:
    if not sys.stdin.isatty():
        raise DeployError(
            "There is no terminal to ask on, so nothing was removed. In scripts say so: "
            "make clean YES=1"
        )
    if input("Remove them for good? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise DeployError("Nothing was removed.")


def _farewell(settings: Settings) -> str:
    role = "DEMO" if settings.get("DEMO_USERNAME") else "ADMIN"
    user = settings.get(f"{role}_USERNAME")
    file = settings.get(f"{role}_PASSWORD_FILE")
    shown = f"cat {file}" if file else f"grep {role}_PASSWORD .env"
    who = f"{user}, with the password that this prints: {shown}" if user else "a user of yours"
    return f"""
Gatehouse is ready:   {settings.url}
Sign in at:           {settings.url}/docs  (Authorize)
as:                   {who}

Next:  make ps     what runs, and whether it is ready
       make logs   follow the logs
       make down   stop it; data stays{_where_mails_are(settings)}"""


def _where_mails_are(settings: Settings) -> str:
    if settings.get("AUTH_SMTP_URL") or settings.get("AUTH_SMTP_URL_FILE"):
        return ""
    return "\n\nNo mail server is set (AUTH_SMTP_URL), so mails are files: make logs S=auth names each."
