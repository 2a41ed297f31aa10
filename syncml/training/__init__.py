"""Training runs of programs that learn: weights in files, runs that stop and go on, learning curves.

Rule: a training loop is an ordinary program. A run executes it, watches one of its outputs, and saves all that its next
tick depends on, so that a run that is interrupted goes on to the same bits.
"""
