"""`python -m deploy`: the commands behind `make up`, `down`, `reload`, `ps`, `logs` and `clean`."""

import argparse
import os
import sys

from deploy import actions
from deploy.checkout import Checkout
from deploy.errors import DeployError
from gatehouse_chassis.services import ServicesError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    1 for what the user can mend, 2 for what was refused before anything was changed, 130 for Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.action(Checkout.here(), options))
    except (DeployError, ServicesError) as problem:
        red, plain = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() else ("", "")
        print(f"{red}{problem}{plain}", file=sys.stderr)
        return problem.exit_status if isinstance(problem, DeployError) else 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy",
        description="Run the stack of this checkout, with Docker or as local processes.",
        epilog="Settings come from the environment and from .env; the environment wins.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    mode = argparse.ArgumentParser(add_help=False)
    mode.add_argument(
        "--mode",
        default=os.environ.get("MODE", ""),
        help="docker or local; default: MODE, else what runs, else Docker where its engine answers",
    )

    up = commands.add_parser(
        "up", parents=[mode], help="set everything up and return when it is ready"
    )
    up.set_defaults(action=actions.up)

    down = commands.add_parser("down", parents=[mode], help="stop everything; data stays")
    down.set_defaults(action=actions.down)

    reload = commands.add_parser(
        "reload",
        parents=[mode],
        help="replace every worker of the services while they serve; no request fails",
    )
    reload.add_argument("service", nargs="*", help="such as auth (default: every service)")
    reload.set_defaults(action=actions.reload)

    upgrade = commands.add_parser(
        "upgrade", parents=[mode], help="build, migrate and replace what runs, while it serves"
    )
    upgrade.set_defaults(action=actions.upgrade)

    backup = commands.add_parser(
        "backup", parents=[mode], help="write all databases into var/backups/, while it serves"
    )
    backup.set_defaults(action=actions.backup)

    restore = commands.add_parser(
        "restore", parents=[mode], help="put a backup in place of the databases"
    )
    restore.add_argument("folder", nargs="?", default="", help="such as var/backups/<time>")
    restore.add_argument("--force", action="store_true", help="replace data without asking")
    restore.set_defaults(action=actions.restore)

    move = commands.add_parser(
        "move-database", help="copy SQLite files into the PostgreSQL that the settings name"
    )
    move.set_defaults(action=actions.move_database)

    swarm_stack = commands.add_parser(
        "swarm-stack", help="write the stack file for Docker Swarm: var/swarm/stack.json"
    )
    swarm_stack.add_argument("registry", help="where every node pulls the images from")
    swarm_stack.add_argument("version", help="the tag of the images")
    swarm_stack.set_defaults(action=actions.swarm_stack)

    ps = commands.add_parser(
        "ps", parents=[mode], help="show what runs; exit status 1 when something is down"
    )
    ps.set_defaults(action=actions.ps)

    logs = commands.add_parser("logs", parents=[mode], help="show the logs and follow them")
    logs.add_argument("service", nargs="*", help="such as auth, nginx (default: all)")
    logs.add_argument(
        "-n",
        "--lines",
        type=_count,
        default=20,
        help="how many old lines of each to show (default: 20)",
    )
    logs.add_argument("--no-follow", action="store_true", help="show the old lines only")
    logs.set_defaults(action=actions.logs)

    clean = commands.add_parser("clean", help="stop everything and remove its data, after asking")
    clean.add_argument("--yes", action="store_true", help="do not ask")
    clean.set_defaults(action=actions.clean)

    service = commands.add_parser("service", help="make a new service in this checkout")
    service.add_argument("name", help="its name in the plural, such as notes")
    service.add_argument("--singular", default="", help="one of them, where English has no rule")
    service.set_defaults(action=actions.service)

    service_remove = commands.add_parser(
        "service-remove", help="take a service out of this checkout; its data stays"
    )
    service_remove.add_argument("name", help="its name in services.toml")
    service_remove.add_argument("--yes", action="store_true", help="do not ask")
    service_remove.set_defaults(action=actions.service_remove)

    install = commands.add_parser(
        "install", help="install the tools of the test targets: all packages, nginx"
    )
    install.set_defaults(action=actions.install)

    dist = commands.add_parser("dist", help="build the wheels that other people's apps install")
    dist.set_defaults(action=actions.dist)

    sync = commands.add_parser("sync", help="write what is made from services.toml")
    sync.set_defaults(action=actions.sync)

    docs = commands.add_parser("docs", help="build the documentation site into var/site/")
    docs.set_defaults(action=actions.docs)

    address = commands.add_parser("address", help="print the URL of the stack, for other commands")
    address.set_defaults(action=actions.address)

    env = commands.add_parser("env", help="write .env with random secrets, or add what it lacks")
    env.set_defaults(action=actions.env)
    return parser


def _count(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines")


if __name__ == "__main__":
    sys.exit(main())
