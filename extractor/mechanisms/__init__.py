"""Mechanisms that answer questions of a trial from a patient's mentions, one module per family of questions."""
