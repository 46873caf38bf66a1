"""The HTML pages that people see, which work without scripts."""
