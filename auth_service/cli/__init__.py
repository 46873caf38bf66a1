"""The command line of operators: `python -m auth_service.cli --help`."""
