"""What `make up` started last, remembered in `var/running` until it is stopped: whoever looks for the stack reads it.

What was said for one `make up` only, such as GATEHOUSE_PORT=9000, is there too. The file is written as `.env` is.
"""

import os
from collections.abc import Mapping

from deploy import settings_file
from deploy.checkout import Checkout


def remember(checkout: Checkout, variables: Mapping[str, str]) -> None:
    """Write down the addresses of the stack that starts now."""
    folder = checkout.running.parent
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name}='{value}'\n" for name, value in variables.items())
    checkout.running.write_text(text, encoding="utf-8")
    checkout.running.chmod(0o600)
    if os.geteuid() == 0:
        owner = checkout.root.stat()
        for path in (folder, checkout.running):
            os.chown(path, owner.st_uid, owner.st_gid)


def read(checkout: Checkout) -> dict[str, str]:
    """What was remembered; nothing where nothing was started."""
    return settings_file.parse(checkout.running)[0]


def forget(checkout: Checkout) -> None:
    """Nothing runs any more."""
    checkout.running.unlink(missing_ok=True)
