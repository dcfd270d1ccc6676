"""``python -m streams.main``: the command line, where the console script is not on the path."""

from streams.cli import main

if __name__ == "__main__":
    main()
