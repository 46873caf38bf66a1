"""The target is checked, and what the users sign in with is made there."""

from math import ceil

from loadtests import accounts, services, sign_in_limit, target_checks
from loadtests.assignment import Account, AccountSeries, Assignment
from loadtests.progress import say
from loadtests.settings import Settings
from loadtests.target import Target


def provision(
    url: str,
    settings: Settings,
    *,
    users: int,
    workers: int,
    sign_ins_steadily: float,
    sign_ins_at_once: float,
) -> Assignment:
    """The assignment for `users` in so many `workers`, who sign in so often per second and in one second.

    Raises NotReadyError.
    """
    on_this_machine = target_checks.check_host(url, settings.allowed_hosts)
    target = Target(url)
    loaded = services.find_services(target)
    for service in sorted(loaded):
        target_checks.check_service(target, service)
    who = target_checks.who_signs_in(settings, on_this_machine=on_this_machine)
    is_admin = who is settings.admin
    scopes = services.scopes_of_users(loaded)
    # Every worker has as many users as the next one, or one fewer.
    places = ceil(users / workers)
    with target_checks.signed_in(
        target, who, [*scopes, *(["auth:admin"] if is_admin else [])]
    ) as token:
        if services.ITEMS in loaded:
            target_checks.check_items(target, token)
        limited = sign_in_limit.check(target, sign_ins_steadily, sign_ins_at_once)
        if not is_admin:
            say(
                f"every user signs in as {who.username!r}: no ADMIN_PASSWORD for this target is known."
            )
            shared = Account(who.username, who.password, shared=True)
            return Assignment(
                loaded, None, shared, None, workers, places, settings.think_seconds, users
            )
        series = AccountSeries(settings.accounts_seed or accounts.seed(settings.state))
        accounts.make_accounts(target, token, series, places * workers, limited=limited)
        client = accounts.make_client(target, token) if services.ITEMS in loaded else None
    return Assignment(loaded, series, None, client, workers, places, settings.think_seconds, users)
