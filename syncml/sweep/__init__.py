"""Sweeps: very many runs of a scenario, on all cores or a cluster, kept on disk, and any of them again."""
