"""What each command of `python -m deploy` does."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from deploy import backup as backups
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
    swarm,
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
    return (
        _upgrade_processes(checkout, stacks[0])
        if isinstance(stacks[0], LocalStack)
        else _upgrade_containers(checkout)
    )


def _upgrade_processes(checkout: Checkout, stack: LocalStack) -> int:
    difference = _difference(stack)
    if difference:
        raise DeployError(f"{difference}, so it must be started anew: make up")
    generated.sync(checkout)
    progress = Progress(processes.UPGRADE_STEPS + reloading.STEPS)
    stack.upgrade(progress)
    reloading.reload(stack, stack.services, progress)
    print("nginx goes on as it is. After a change of its configuration: make down && make up")
    return 0


def _upgrade_containers(checkout: Checkout) -> int:
    generated.sync(checkout)
    settings = load(checkout)
    settings_file.complete(checkout.env_file, settings.services, settings.environment)
    stack = DockerStack(checkout, load(checkout))
    upgrade_docker.upgrade(stack, Progress(upgrade_docker.steps(stack)))
    print(f"{stack.url()} runs the code of this checkout.")
    return 0


def backup(checkout: Checkout, options: argparse.Namespace) -> int:
    """Write the databases of all services into a new folder, while they serve."""
    settings = load(checkout)
    forced = mode.parse(options.mode)
    stacks = _chosen(checkout, options)
    if not stacks and forced == Mode.DOCKER:
        raise DeployError(
            "PostgreSQL of the containers does not run. Start it: make up MODE=docker"
        )
    kind = stacks[0].mode if stacks else Mode.LOCAL
    databases = _stack(kind, checkout, settings).databases()
    empty = [name for name, database in databases.items() if database.is_empty()]
    if empty:
        raise DeployError(f"There is nothing to back up of {' and '.join(empty)}: make up first.")
    folder = backups.back_up(checkout, databases, settings.environment, kind)
    print(f"Wrote {folder.relative_to(checkout.root)}: {', '.join(databases)}.")
    print(
        "Secrets are not in it. Keep AUTH_KEY_ENCRYPTION_SECRET elsewhere: without it the signing keys do not open."
    )
    return 0


def restore(checkout: Checkout, options: argparse.Namespace) -> int:
    """Put a backup in place of the databases; asks first where they are not empty."""
    if not options.folder:
        raise DeployError("Say from where: make restore FROM=var/backups/<time>")
    folder = Path(options.folder)
    manifest = backups.read(folder)
    _require_stopped(checkout)
    settings = load(checkout)
    stack = _stack(mode.parse(options.mode) or Mode(manifest["mode"]), checkout, settings)
    databases = stack.databases()
    backups.check_fits(manifest, databases, settings.environment)
    if isinstance(stack, DockerStack):
        stack.start_databases()
    try:
        full = [name for name in manifest["services"] if not databases[name].is_empty()]
        if full and not options.force:
            _ask(
                f"This replaces all data of {' and '.join(full)}. Go on?",
                "nothing was replaced. In scripts say so: make restore FROM=... FORCE=1",
            )
        backups.restore(folder, manifest, databases)
    finally:
        if isinstance(stack, DockerStack):
            stack.stop()
    print(f"Restored {', '.join(manifest['services'])} as of {manifest['made_at']}. Start: make up")
    print(
        "Sessions and keys that were ended since then are good again; docs/restore.md says how to end them."
    )
    return 0


def move_database(checkout: Checkout, _: argparse.Namespace) -> int:
    """Copy every service's SQLite file into the PostgreSQL database that its settings name."""
    _require_stopped(checkout)
    settings = load(checkout)
    if not uv.has_packages(checkout):
        uv.sync(checkout, env=settings.of_installers())
    done = subprocess.run(
        [checkout.venv / "bin" / "python", "-m", "deploy.move_database"],
        cwd=checkout.root,
        env=settings.of_local_processes(),
        check=False,
    )
    return done.returncode


def swarm_stack(checkout: Checkout, options: argparse.Namespace) -> int:
    """Write the stack file for Docker Swarm."""
    generated.sync(checkout)
    settings = load(checkout)
    settings_file.complete(checkout.env_file, settings.services, settings.environment)
    settings = load(checkout)
    path = swarm.write(checkout, settings, options.registry, options.version)
    name = settings.get("COMPOSE_PROJECT_NAME") or "gatehouse"
    print(f"Next: docker stack deploy --compose-file {path.relative_to(checkout.root)} {name}")
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
    kept = (checkout.running, checkout.backups)
    if any(path not in kept for path in checkout.data.glob("*")):
        doomed.append("var/ (local databases, logs)")
    if not doomed:
        print("There is no data to remove.")
        return 0
    print("This stops the stack and removes:", *doomed, sep="\n  ")
    print("It keeps .env (settings, passwords), .venv/ and .local/ (installed packages, tools).")
    if checkout.backups.exists():
        print("It keeps var/backups/ too.")
    if not options.yes:
        _ask("Remove them for good?", "nothing was removed. In scripts say so: make clean YES=1")
    for stack in _present(checkout, docker_answers):
        stack.stop()
    if volumes:
        docker.remove_volumes()
    for path in checkout.data.glob("*"):
        if path.is_dir() and path != checkout.backups:
            shutil.rmtree(path, ignore_errors=True)
        elif path != checkout.backups:
            path.unlink(missing_ok=True)
    if not checkout.backups.exists():
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


def _require_stopped(checkout: Checkout) -> None:
    if _present(checkout, _docker_answers(checkout)):
        raise DeployError(
            "The stack runs, and what it writes meanwhile would be lost. Stop it first: make down"
        )


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


def _ask(question: str, otherwise: str) -> None:
    """Go on only when a person says yes; `otherwise` says what is so when none is there."""
    if not sys.stdin.isatty():
        raise DeployError(f"There is no terminal to ask on, so {otherwise}")
    if input(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
        raise DeployError(f"{otherwise.partition('.')[0].capitalize()}.")


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
