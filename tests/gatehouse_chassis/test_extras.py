import re
from importlib import import_module

import pytest

from gatehouse_chassis.extras import needs


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    sentence = (
        "A thing needs no_such_package, which is not installed: "
        "pip install 'gatehouse-chassis[one]' or pip install 'gatehouse-chassis[two]'"
    )
    with pytest.raises(ImportError, match=re.escape(sentence)), needs("A thing", "one", "two"):
        import_module("no_such_package")


def test_a_module_of_ours_that_is_missing_is_no_missing_extra() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module"), needs("A thing", "one"):
        import_module("gatehouse_chassis.no_such_module")
