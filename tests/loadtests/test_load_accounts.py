import pytest

from loadtests.assignment import Account, AccountSeries, Assignment
from loadtests.places import Places


def assignment(*, workers: int, places: int, series: AccountSeries | None) -> Assignment:
    shared = Account("demo", "right horse", shared=True)
    return Assignment(
        frozenset({"auth", "items"}),
        series,
        shared,
        None,
        workers,
        places,
        think_seconds=0.5,
        users=7,
    )


@pytest.mark.parametrize(("workers", "places"), [(1, 7), (2, 4), (3, 3)])
def test_no_two_places_of_any_workers_have_the_same_account(workers: int, places: int) -> None:
    series = AccountSeries("a seed")
    of_all = assignment(workers=workers, places=places, series=series)

    held = [of_all.account(worker, place) for worker in range(workers) for place in range(places)]

    made = {series.account(number) for number in range(workers * places)}
    assert set(held) == made
    assert len({account.username for account in held}) == len(held)


def test_a_seed_always_makes_the_same_accounts_and_no_other_seed_does() -> None:
    assert AccountSeries("a seed").account(3) == AccountSeries("a seed").account(3)
    one, other = AccountSeries("a seed").account(3), AccountSeries("another").account(3)
    assert one.username != other.username
    assert one.password != other.password
    assert one.password not in one.username


def test_without_a_series_everybody_is_the_shared_account() -> None:
    of_all = assignment(workers=2, places=5, series=None)

    assert of_all.account(0, 0) == of_all.account(1, 4) == of_all.shared


def test_a_place_that_is_given_back_is_taken_again_and_none_beyond_the_limit() -> None:
    places = Places()
    assert [places.take(2), places.take(2), places.take(2)] == [0, 1, None]

    places.give_back(0)

    assert [places.take(2), places.take(2)] == [0, None]
    assert places.take(3) == 2
