"""The library, written in the language: every node here is checked, proved, simulated and exported like the user's."""
