"""Step code: the imperative intermediate language."""
