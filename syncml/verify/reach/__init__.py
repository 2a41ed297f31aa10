"""Reachability: what a program's streams can be, tick by tick, for all initial values and inputs at once."""
