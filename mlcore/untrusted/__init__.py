"""Artifacts that somebody uploaded, checked by a process with limits before any of their networks is loaded."""
