"""`python -m syncml` is the same as the console script."""

from syncml.cli import command

if __name__ == "__main__":
    command()
