"""The release of this software."""

RELEASE = "1.0.0"
