"""A service's database as `make backup` sees it: a SQLite file, or PostgreSQL through its own programs."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from deploy.commands import last_lines
from deploy.errors import DeployError

SQLITE = "sqlite:///"
# What Alembic writes into every database; a database with nothing else is empty.
_VERSION_TABLE = "alembic_version"
_PSQL = ("psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1")
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
_VERSION = f"SELECT version_num FROM {_VERSION_TABLE}"  # noqa: S608  # a name of ours
# All that a migration can make, but what belongs to an extension or goes with its table. IF EXISTS, because some go
# with others.
_DROP_ALL = """
DO $$ DECLARE
  home oid := current_schema()::regnamespace;
  one text;
  commands text[];
BEGIN
  SELECT array_agg(format('DROP %s IF EXISTS %s CASCADE', kind, name)) INTO commands FROM (
    SELECT oid, oid::regclass::text AS name,
        CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
      FROM pg_class WHERE relnamespace = home AND relkind IN ('r', 'p', 'v', 'S')
    UNION ALL SELECT oid, oid::regprocedure::text, 'ROUTINE' FROM pg_proc WHERE pronamespace = home
    UNION ALL SELECT oid, oid::regtype::text, 'TYPE' FROM pg_type WHERE typnamespace = home AND typtype IN ('e', 'd')
  ) AS found WHERE NOT EXISTS (SELECT FROM pg_depend WHERE objid = found.oid AND deptype IN ('e', 'i', 'a'));
  FOREACH one IN ARRAY coalesce(commands, '{}') LOOP EXECUTE one; END LOOP;
END $$
"""


class ServiceDatabase(Protocol):
    """What is asked of a database; every method raises DeployError with a sentence when it does not work."""

    kind: str

    def dump(self, to: Path) -> None:
        """Write all that is committed now into a new file, while services go on."""

    def is_empty(self) -> bool:
        """Whether no table is there."""

    def restore(self, file: Path) -> None:
        """Put what `dump` wrote in place of all that is there."""

    def migration(self) -> str:
        """The migration that it is at; empty when it has none."""


class SQLiteFile:
    """A SQLite file."""

    kind = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path

    def dump(self, to: Path) -> None:
        """SQLite's own backup: the pages of one moment (https://sqlite.org/backup.html)."""
        try:
            with closing(self._open()) as source, closing(sqlite3.connect(to)) as copy:
                source.backup(copy)
                # One file, without a -wal beside it.
                copy.execute("PRAGMA journal_mode=DELETE")
                found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.Error as error:
            raise DeployError(f"{self._path} cannot be copied: {error}.") from error
        if found != "ok":
            raise DeployError(f"{self._path} is damaged: {found}.")

    def is_empty(self) -> bool:
        """Whether there is no file, or no table in it."""
        if not self._path.exists():
            return True
        try:
            with closing(self._open()) as database:
                count = "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
                return bool(database.execute(count).fetchone() == (0,))
        except sqlite3.DatabaseError:
            return False

    def restore(self, file: Path) -> None:
        """A copy beside the file takes its place."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._path.with_name(f"{self._path.name}.restored")
        shutil.copyfile(file, new)
        new.chmod(0o600)
        if os.geteuid() == 0:
            owner = self._path.parent.stat()
            os.chown(new, owner.st_uid, owner.st_gid)
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        new.replace(self._path)

    def migration(self) -> str:
        """What Alembic wrote."""
        try:
            with closing(self._open()) as database:
                return str(database.execute(_VERSION).fetchone()[0])
        except (sqlite3.Error, TypeError):
            return ""

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._path}?mode=rw", uri=True, timeout=30)


class PostgreSQL:
    """A database of PostgreSQL, through `pg_dump`, `pg_restore` and `psql`, here or inside a container.

    Args:
        connection: how these programs find it.
        role: whom the tables belong to; empty for whoever connects.
        inside: what comes before a command that runs inside a container.
        environ: of the programs.
        folder: where they run.
    """

    kind = "postgresql"

    def __init__(
        self,
        connection: Sequence[str],
        *,
        role: str = "",
        inside: Sequence[str] = (),
        environ: Mapping[str, str],
        folder: Path,
    ) -> None:
        self._connection = connection
        self._role = role
        self._inside = inside
        self._environ = environ
        self._folder = folder

    @classmethod
    def at(cls, url: str, environ: Mapping[str, str], folder: Path) -> "PostgreSQL":
        """The one that a URL names. The password goes by the environment, which other users cannot see."""
        address, password = libpq(url)
        if password:
            environ = {**environ, "PGPASSWORD": password}
        return cls(["--dbname", address], environ=environ, folder=folder)

    def dump(self, to: Path) -> None:
        """`pg_dump` in its own format: one snapshot."""
        with to.open("wb") as file:
            self._run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges"], stdout=file)

    def is_empty(self) -> bool:
        """Whether the schema has no table."""
        return self._ask(_TABLES) == "0"

    def restore(self, file: Path) -> None:
        """What is there is dropped, and what was dumped is made: in one transaction."""
        role = [f"--role={self._role}"] if self._role else []
        options = ["--no-owner", "--no-privileges", "--exit-on-error", "--file=-"]
        with file.open("rb") as dump, tempfile.TemporaryFile() as statements:
            self._run(["pg_restore", *options, *role], stdin=dump, stdout=statements, to=())
            statements.seek(0)
            everything = ["--single-transaction", "--command", _DROP_ALL, "--file=-"]
            self._run([*_PSQL, *everything], stdin=statements)

    def migration(self) -> str:
        """What Alembic wrote."""
        try:
            return self._ask(_VERSION)
        except DeployError:
            return ""

    def _ask(self, statement: str) -> str:
        options = ["--tuples-only", "--no-align", "--command", statement]
        return self._run([*_PSQL, *options]).decode().strip()

    def _run(
        self,
        command: list[str],
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        to: Sequence[str] | None = None,
    ) -> bytes:
        """Run a program with the arguments that connect it, or `to`, and return what it prints to no other file."""
        program = command[0]
        if not self._inside and shutil.which(program, path=self._environ.get("PATH")) is None:
            raise DeployError(
                f"{program} is not on PATH, and a backup of PostgreSQL needs it, as new as the server or newer. "
                "Debian, Ubuntu: sudo apt-get install postgresql-client"
            )
        done = subprocess.run(
            [*self._inside, *command, *(self._connection if to is None else to)],
            cwd=self._folder,
            env=dict(self._environ),
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            said = last_lines(done.stderr.decode(errors="replace"))
            raise DeployError(f"{program} failed and said:\n{said}")
        return done.stdout or b""


def libpq(url: str) -> tuple[str, str]:
    """The URL as libpq's programs read it, without our own parameter and without the password, and the password."""
    parts = urlsplit(url)
    parameters = parse_qsl(parts.query)
    query = urlencode([pair for pair in parameters if pair[0] not in ("pooler", "password")])
    user, at, hosts = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    # As in libpq, a parameter counts more than what stands before the host.
    password = dict(parameters).get("password", unquote(password))
    return parts._replace(netloc=f"{name}{at}{hosts}", query=query).geturl(), password
