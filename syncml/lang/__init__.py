"""The embedded language: a Python function is traced on symbolic streams and becomes clocked equations."""
