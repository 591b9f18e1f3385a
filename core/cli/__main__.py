"""`python -m core.cli`, for an environment in which `atrium` is not on the PATH."""

from core.cli import main

if __name__ == "__main__":
    main()
