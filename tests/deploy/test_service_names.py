import pytest

from deploy.errors import UsageRefused
from deploy.scaffold.names import Names, names_of, refuse_taken
from deploy.scaffold.template import refuse_used_words


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("notes", "note"),
        ("categories", "category"),
        ("addresses", "address"),
        ("boxes", "box"),
        ("batches", "batch"),
        ("wishes", "wish"),
        ("heroes", "hero"),
        ("invoices", "invoice"),
        ("courses", "course"),
        ("movies", "movie"),
        ("people", "person"),
        ("statuses", "status"),
        ("news", "news"),
        ("inventory", "inventory"),
        ("access", "access"),
        ("work_orders", "work_order"),
        ("news_categories", "news_category"),
    ],
)
def test_the_rules_of_english_give_the_name_of_one(plural: str, singular: str) -> None:
    assert names_of(plural).singular == singular


def test_the_name_of_one_can_be_said() -> None:
    assert names_of("data_sets", "data_point").singular == "data_point"


def test_a_name_of_two_words_is_written_as_each_place_needs_it() -> None:
    forms = names_of("work_orders").placeholders()
    assert forms["package"] == "work_orders_service"
    assert (forms["Name"], forms["Names"], forms["NAMES"]) == (
        "WorkOrder",
        "WorkOrders",
        "WORK_ORDERS",
    )
    assert (forms["a_word"], forms["title"]) == ("a work order", "Work orders")
    assert names_of("invoices").placeholders()["a_word"] == "an invoice"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "make service NAME=notes"),
        ("Notes", "lower-case letters"),
        ("my-notes", "lower-case letters"),
        ("my notes", "lower-case letters"),
        ("1notes", "lower-case letters"),
        ("_notes", "lower-case letters"),
        ("notes_", "lower-case letters"),
        ("my__notes", "lower-case letters"),
        ("notés", "lower-case letters"),
        ("../notes", "lower-case letters"),
        ("notes;true", "lower-case letters"),
        ("notes\n", "lower-case letters"),
        ("notes_service", "say NAME=notes"),
        ("n", "2 to 24 characters"),
        ("n" * 25, "2 to 24 characters"),
        ("class", "a keyword"),
        ("classes", "a keyword"),
        ("match", "a keyword"),
        ("list", "built into Python"),
        ("sets", "built into Python"),
        ("exceptions", "built into Python"),
        ("test", "standard library"),
        ("json", "standard library"),
        ("docs", "a path of the proxy"),
        ("metrics", "a path of the proxy"),
        ("portal", "a path of the proxy"),
        ("well_known", "a path of the proxy"),
        ("postgres", "a part of the stack"),
        ("nginx", "a part of the stack"),
        ("gatehouse", "a part of the stack"),
        ("pg_notes", "PostgreSQL"),
    ],
)
def test_a_name_that_cannot_be_had_is_refused_in_one_sentence(name: str, why: str) -> None:
    with pytest.raises(UsageRefused) as refusal:
        names_of(name)
    assert why in str(refusal.value)
    assert "\n" not in str(refusal.value).replace(name, "")
    assert refusal.value.exit_status == 2


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("items", "There is a service items already"),
        ("item", "too close to the service items"),
        ("work", "variables of work_orders would begin with WORK_"),
        ("items_archive", "variables of items_archive would begin with ITEMS_"),
        ("work_order", "too close to the service work_orders"),
    ],
)
def test_a_name_that_could_be_mistaken_for_another_is_refused(name: str, why: str) -> None:
    with pytest.raises(UsageRefused, match=why):
        refuse_taken(names_of(name), ["auth", "items", "work_orders"])


@pytest.mark.parametrize("name", ["authors", "itemsets", "notes"])
def test_a_name_that_only_begins_with_the_same_letters_is_free(name: str) -> None:
    refuse_taken(names_of(name), ["auth", "items", "work_orders"])


@pytest.mark.parametrize("name", ["pages", "titles", "stores", "requests"])
def test_a_word_that_the_files_use_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(UsageRefused, match="for something else"):
        refuse_used_words(names_of(name))


@pytest.mark.parametrize("name", ["notes", "posts", "news", "work_orders"])
def test_a_word_that_the_files_do_not_use_is_free(name: str) -> None:
    refuse_used_words(names_of(name))


def test_the_names_of_the_template_itself_are_no_words_of_it() -> None:
    refuse_used_words(Names("items", "item"))
