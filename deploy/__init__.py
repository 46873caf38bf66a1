"""Bring the stack up, look at it and take it down, with Docker or as local processes (`make up`).

Everything here needs the standard library only: it runs before any package is installed.
"""

import sys

from deploy.old_python import complaint

# Before any other module is read: they use what an old Python does not know.
if complaint(sys.version_info[:3]):
    sys.exit(complaint(sys.version_info[:3]))
