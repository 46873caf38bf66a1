"""The pages of docs/ that are made from code.

Unlike the rest of `deploy` it imports the services, so it needs the virtual environment.
"""
