from collections import Counter

from loadtests.popularity import popular_one


def test_a_few_items_get_most_of_the_reads() -> None:
    read = Counter(popular_one(range(20)) for _ in range(20_000))

    assert 0.25 < read[0] / read.total() < 0.31
    assert 0.59 < sum(read[item] for item in range(5)) / read.total() < 0.67
    assert read[19] > 0
