from testing.databases import postgresql, postgresql_database  # noqa: F401  # fixtures
