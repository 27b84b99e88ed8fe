"""Exports of runs."""
