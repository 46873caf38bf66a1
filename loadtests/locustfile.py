"""What Locust loads: the users, and what a run does before the first and after the last of them.

make load                                      30 s headless, reports below var/load/
make load USERS=50 TIME=2m                     longer, with more users
make load-ui                                   Locust's web page
python -m loadtests --help                     the command behind both
locust -f loadtests/locustfile.py --headless   Locust's own command, from the repository's root
"""

from locust import events

from loadtests import lifecycle
from loadtests.users import ItemsUser

__all__ = ["ItemsUser"]

lifecycle.attach(events)
