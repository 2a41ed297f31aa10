"""Run with `pytest`."""
