"""Documentation pages that work under any public prefix and load nothing from another host."""

from gatehouse_chassis.docs.pages import add_docs

__all__ = ["add_docs"]
