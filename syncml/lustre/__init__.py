"""Lustre in and out: a reader of .lus files to clocked equations, and a writer back."""
