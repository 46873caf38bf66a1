"""`make service` and `make service-remove`: what a service consists of in this checkout."""
