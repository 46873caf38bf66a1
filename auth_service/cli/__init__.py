"""The command `gatehouse`: users, clients, keys, sessions and the audit log, from a terminal of the server.

It works on the database itself, with the validation and the audit entries of the routes; no service has to run.
"""
