"""How the two networks of the flagship are trained: NumPy only, from a seed."""
