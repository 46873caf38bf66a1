"""A Docker engine, where one answers."""

import os
import shutil
import subprocess

import pytest


def _engine_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "info"], capture_output=True, timeout=30, check=False)
    return asked.returncode == 0


def _compose_is_there() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return asked.returncode == 0


needs_compose = pytest.mark.skipif(
    "CI" not in os.environ and not _compose_is_there(), reason="there is no docker compose"
)
"""Skips a test where Compose is not installed; it needs no engine."""

needs_docker = pytest.mark.skipif(
    "CI" not in os.environ and not _engine_answers(), reason="no Docker engine answers"
)
"""Skips a test where there is no Docker engine; under CI it fails there instead."""
