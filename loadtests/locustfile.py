"""What Locust loads: the users, and what a run does before the first and after the last of them.

make load                                      30 s headless, verdict and a report in var/load/
make load SHAPE=spike USERS=20 TIME=1m         another shape, more users, longer
make load SHAPE=rate RATE=200                  the open model: 200 requests in a second, at planned times
make load-ui                                   Locust's web page
python -m loadtests run --help                 the command behind it
"""

from locust import events

from loadtests import lifecycle
from loadtests.users.account_reader import AccountReader
from loadtests.users.attacker import Attacker
from loadtests.users.open_user import OpenAccountUser, OpenUser
from loadtests.users.reader import Reader
from loadtests.users.service_client import ServiceClient
from loadtests.users.sign_in_crowd import SignInCrowd
from loadtests.users.writer import Writer

__all__ = [
    "AccountReader",
    "Attacker",
    "OpenAccountUser",
    "OpenUser",
    "Reader",
    "ServiceClient",
    "SignInCrowd",
    "Writer",
]

lifecycle.attach(events)
