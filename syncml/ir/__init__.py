"""The two intermediate languages and what they share: types, constants, clocks, operators."""
