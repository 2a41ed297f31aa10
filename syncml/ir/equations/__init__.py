"""Clocked equations: the declarative intermediate language."""
