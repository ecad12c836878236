"""Formats of dates where a template names none, which is the admin."""
