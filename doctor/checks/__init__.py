"""The checks: each module asks about one theme and yields findings."""
