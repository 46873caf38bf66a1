"""What `from gatehouse_chassis import ...` offers, and what importing the package costs."""

import ast
import subprocess
import sys

import pytest

import gatehouse_chassis
from testing.checkout import ROOT

NAMES = sorted(gatehouse_chassis._MODULE_OF)


def _in_a_new_python(code: str, *options: str) -> str:
    """What `code` prints in a Python that has imported nothing yet."""
    command = [
        sys.executable,
        *options,
        "-c",
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}",
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_the_one_of_its_module(name: str) -> None:
    module = f"gatehouse_chassis.{gatehouse_chassis._MODULE_OF[name]}"
    public = getattr(gatehouse_chassis, name)
    assert public is getattr(sys.modules[module], name)
    assert name in dir(gatehouse_chassis)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((ROOT / "gatehouse_chassis" / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.asname: f"{node.module}"
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    modules = gatehouse_chassis._MODULE_OF.items()
    assert seen == {name: f"gatehouse_chassis.{module}" for name, module in modules}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'create_everything'"):
        gatehouse_chassis.create_everything  # noqa: B018


def test_the_list_of_services_needs_the_standard_library_alone() -> None:
    # -I -S: neither the virtual environment's packages nor the working directory.
    code = "import gatehouse_chassis.services; print('fastapi' in sys.modules)"
    assert _in_a_new_python(code, "-I", "-S") == "False"


def test_a_name_loads_its_own_module_only() -> None:
    code = "from gatehouse_chassis import StorableText; print('sqlalchemy' in sys.modules)"
    assert _in_a_new_python(code) == "False"
