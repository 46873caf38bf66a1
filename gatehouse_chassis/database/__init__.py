"""A service's own database: SQL written once as SQLAlchemy Core statements, run by the driver itself.

SQLAlchemy says what the SQL of each database is; between its result and the driver it does nothing, because that cost
more than the statement (docs/performance.md).
"""

from starlette.requests import HTTPConnection

from gatehouse_chassis.database.interface import (
    Database,
    DatabaseUnavailable,
    IntegrityError,
    InvalidValue,
    Row,
    SearchUnderWay,
    Statements,
    WritesRefused,
)
from gatehouse_chassis.extras import needs

__all__ = [
    "Database",
    "DatabaseUnavailable",
    "IntegrityError",
    "InvalidValue",
    "Row",
    "SearchUnderWay",
    "Statements",
    "WritesRefused",
    "get_database",
    "open_database",
]


def open_database(url: str) -> Database:
    """The database at `sqlite:///path` or at a URL as libpq takes it; connects when first used."""
    # Imported here, so that a service needs the packages of its own database only.
    if url.startswith("sqlite:"):
        with needs("A SQLite database", "sqlite"):
            from gatehouse_chassis.database.sqlite import SQLiteDatabase
        return SQLiteDatabase(url)
    with needs("A PostgreSQL database", "postgresql"):
        from gatehouse_chassis.database.postgresql import PostgreSQLDatabase
    return PostgreSQLDatabase(url)


async def get_database(request: HTTPConnection) -> Database:
    """The application's database, as a dependency: what `create_service(database=...)` was given."""
    database: Database = request.app.state.database
    return database
