"""What every service stands on: settings, proxy safety, bearer tokens, errors, database, health, metrics, logs.

The chassis knows no service: services import it, it imports none of them (the "microservice chassis" pattern).
"""

__version__ = "0.1.0"
