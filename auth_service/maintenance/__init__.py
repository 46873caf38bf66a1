"""The first start, and the removal of what has expired."""
