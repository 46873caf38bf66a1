"""Serving an application with gunicorn and uvicorn: command line, master, worker, draining."""
