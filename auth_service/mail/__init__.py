"""Mail: how it is sent, and what waits to be sent."""
