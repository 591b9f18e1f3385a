"""`python -m core.cli`, for where the script is not on the path."""

from core.cli import main

if __name__ == "__main__":
    main()
