"""Limits of the process that renders the pages of a document."""

MEMORY_BYTES = 1536 * 1024 * 1024  # addresses, of which the libraries themselves take about a third
CPU_SECONDS = 15
