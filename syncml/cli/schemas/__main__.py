"""`python -m syncml.cli.schemas` writes the published schemas."""

from syncml.cli.schemas import write_all

if __name__ == "__main__":
    write_all()
