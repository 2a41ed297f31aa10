"""Scenarios: roads, actors and what they do, signals for inputs, and runs over parameters."""
