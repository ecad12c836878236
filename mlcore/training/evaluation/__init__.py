"""Evaluation: calibration of thresholds and weights, the figures of an artifact, and its report."""
