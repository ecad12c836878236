"""Audits of answers, and what they allow to promise about the error rate."""
