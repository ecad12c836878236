"""Bodies: every object that the API, the command line, CSV and JSON Lines write, each defined once.

A body is a frozen dataclass. Its annotations hold a field's type, help and example; plain.py derives the rest.
"""
