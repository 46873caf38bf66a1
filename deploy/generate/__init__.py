"""What `make sync` writes, made from the list of services: one module for each place."""
