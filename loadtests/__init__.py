"""Load tests of a running Gatehouse: they speak HTTP only and import no service."""
