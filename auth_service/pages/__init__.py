"""The HTML pages that people see, without a script."""
