"""The list that the portal and the common docs page read."""

import json
from collections.abc import Mapping

from gatehouse_chassis.services import ServiceEntry


def services_json(services: Mapping[str, ServiceEntry]) -> str:
    """`proxy/site/services.json`; prefixes are relative, so that they hold below any outer prefix.

    `scopes` are those that are granted by default: the pages name them when they ask for more besides.
    """
    listed = []
    for service in services.values():
        card: dict[str, str | bool | list[str]] = {
            "name": service.name,
            "title": service.title,
            "description": service.description,
            "prefix": f"{service.prefix.removeprefix('/')}/",
        }
        if not service.is_ours:
            card["upstream"] = True
        if scopes := [name for name, scope in service.scopes.items() if scope.default]:
            card["scopes"] = scopes
        if service.panel:
            card["panel"] = service.panel
        listed.append(card)
    return json.dumps(listed, indent=2, ensure_ascii=False) + "\n"
