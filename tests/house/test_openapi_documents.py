"""What people read in the documents of the services: summaries in words, and bodies that can be sent."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from auth_service.main import create_app
from auth_service.settings import AuthSettings

Document = dict[str, Any]


@pytest.fixture(
    scope="module",
    params=["auth", pytest.param("items", marks=pytest.mark.needs_service("items"))],
)
def document(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Document:
    folder: Path = tmp_path_factory.mktemp(request.param)
    if request.param == "items":
        # Not at the top: `make service-remove NAME=items` takes it out.
        from items_service.main import create_app as create_items
        from items_service.settings import ItemsSettings

        items = ItemsSettings(state_dir=folder, database_url=f"sqlite:///{folder}/items.db")
        return create_items(items).openapi()
    auth = AuthSettings(
        state_dir=folder,
        database_url=f"sqlite:///{folder}/auth.db",
        key_encryption_secret=secrets.token_hex(32),
    )
    return create_app(auth).openapi()


def test_a_summary_says_what_an_operation_does(document: Document) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            name = operation["operationId"].replace("_", " ")
            assert not name.startswith(operation["summary"].lower()), f"{method} {path}"


def test_the_body_that_a_docs_page_proposes_holds_no_placeholder(document: Document) -> None:
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                schema = resolved(content["application/json"]["schema"], schemas)
                for name, member in schema["properties"].items():
                    where = f"{name} of {method} {path}"
                    assert not is_placeholder(member, schemas), where


def resolved(schema: Document, schemas: Document) -> Document:
    if "$ref" in schema:
        found: Document = schemas[schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def is_placeholder(schema: Document, schemas: Document) -> bool:
    """Whether Swagger UI makes "string" of it."""
    schema = resolved(schema, schemas)
    if {"examples", "enum", "default"} & schema.keys():
        return False
    if "anyOf" in schema:
        return is_placeholder(schema["anyOf"][0], schemas)
    if schema.get("type") == "array":
        return is_placeholder(schema["items"], schemas)
    return schema.get("type") == "string"
