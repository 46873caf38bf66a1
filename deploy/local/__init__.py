"""The stack as local processes, supervised by supervisor (https://supervisord.org)."""
