"""Search: which parameters of a scenario make a program fail, how often they do, and how little it takes."""
