"""Reinforcement learning in the language: environment, policy and update are one program."""
