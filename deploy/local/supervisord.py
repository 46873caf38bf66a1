"""supervisord's configuration, made at each start. Reference: https://supervisord.org/configuration.html

Paths are relative to the root of the checkout, where `make up` starts supervisord, and settings reach the programs
through the environment.
"""

from collections.abc import Iterable

from gatehouse_chassis.services import ServiceEntry

_HEAD = """\
; Written by `make up` from services.toml, at each start.

[supervisord]
logfile = var/log/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 2
pidfile = var/run/supervisord.pid
; Of its logs, and of what its programs write: for their owner alone.
umask = 077
childlogdir = var/log

[unix_http_server]
; From the environment, because the path of a socket may hold 107 bytes only (see control.py).
file = %(ENV_GATEHOUSE_SUPERVISOR_SOCKET)s
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""

# Each program is the command that its container runs too. `launch` takes care of what a killed predecessor left
# behind. A program that dies is started again at once; one that cannot start is tried again after 1, 2, 3 ... seconds,
# for about two minutes.
_PROGRAM = """
[program:{name}]
command = .venv/bin/python -m deploy.local.launch {name} {command}
priority = {priority}
autorestart = true
startsecs = 1
startretries = 15
stopsignal = {stop_signal}
stopwaitsecs = {stop_wait_s}
stopasgroup = false
killasgroup = true
redirect_stderr = true
stdout_logfile = var/log/{name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
"""


def configuration(services: Iterable[ServiceEntry]) -> str:
    """The text of `supervisord.conf` for these services and nginx."""
    programs = [_service(service) for service in services]
    # The highest priority starts last and stops first, so that nginx never faces services that are gone. QUIT is
    # nginx's word for finishing the requests in hand before it stops.
    nginx = _PROGRAM.format(
        name="nginx",
        command="sh proxy/gateway/start.sh",
        priority=20,
        stop_signal="QUIT",
        stop_wait_s=10,
    )
    return "".join([_HEAD, *programs, nginx])


def _service(service: ServiceEntry) -> str:
    return _PROGRAM.format(
        name=service.name,
        command=f".venv/bin/python -m {service.package} serve",
        priority=10,
        stop_signal="TERM",
        stop_wait_s=28,  # longer than gunicorn's graceful_timeout
    )
