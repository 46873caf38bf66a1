"""Passwords: hashing, strength, throttling, and signing in with one."""
