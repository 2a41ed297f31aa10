"""Systems with finitely many states, decided by the set of all states that they reach, without a solver."""
