"""gatehouse-doctor: examines a deployment behind a proxy from outside, and says what to change.

It speaks HTTP only and needs nothing of this project, so it works on any deployment. What it knows
is in three places: `checks/` asks, `catalogue.py` says what a finding means and which one causes
which, `fixes/` has the words of each proxy.
"""

__version__ = "0.1.0"
