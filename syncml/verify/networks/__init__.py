"""Bounds of neural networks: linear relaxations, splitting, exact encodings, and queries in VNN-LIB form."""
