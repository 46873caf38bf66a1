"""Every promise of proxy safety, once. To import this package is to have them all in `case.CASES`."""

from conformance.cases import core, https, nested, ports, prefixes, sockets, untrusted

__all__ = ["core", "https", "nested", "ports", "prefixes", "sockets", "untrusted"]
