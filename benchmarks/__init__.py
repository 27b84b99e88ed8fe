"""Measured comparisons; never run as timed tests."""
