"""The doctor on real applications from PyPI that nobody here wrote, behind real proxies, right and wrong."""
