"""`python -m segcore`: the command line, in a process set up for networks."""

import sys

from segcore.system.allocator import keep_freed_memory


def run() -> int:
    """Returns the exit status; a package that is missing is said in a line as well."""
    keep_freed_memory()
    try:
        from segcore.cli import main
        from segcore.cli.streams import outlive_readers

        outlive_readers()
        return main()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("segcore"):
            raise
        print(
            f"error: {error.name} is not installed for {sys.executable}: take .venv/bin/python, "
            "which `make run` sets up, or pip install -r requirements.txt",
            file=sys.stderr,
        )
        return 2


if __name__ == "__main__":
    sys.exit(run())
