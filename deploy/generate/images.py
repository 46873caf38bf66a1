"""Which packages go into the images."""

from collections.abc import Iterator, Mapping

from gatehouse_chassis.services import ServiceEntry


def packages(services: Mapping[str, ServiceEntry]) -> str:
    """The lines of the `Dockerfile` that copy and compile the packages."""
    names = list(_packages(services))
    copies = [f"COPY {name}/ {name}/" for name in names]
    return "\n".join([*copies, f"RUN python -m compileall -q gatehouse_chassis {' '.join(names)}"])


def state_folders(services: Mapping[str, ServiceEntry]) -> str:
    """The line of the `Dockerfile` that makes the folders in which services keep what is theirs."""
    folders = " ".join(f"var/{service.name}" for service in services.values() if service.is_ours)
    return f"RUN install -d -o 10001 -g 10001 {folders}"


def not_ignored(services: Mapping[str, ServiceEntry]) -> str:
    """The lines of `.dockerignore` that let the packages into the images."""
    return "\n".join(f"!{name}/" for name in _packages(services))


def _packages(services: Mapping[str, ServiceEntry]) -> Iterator[str]:
    yield from dict.fromkeys(service.package for service in services.values() if service.is_ours)
