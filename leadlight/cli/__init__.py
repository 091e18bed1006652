"""The `leadlight` command: everything an owner or operator does from a terminal."""

import sys

from leadlight.errors import ConfigurationError, LeadlightError, Outage, WrongUsage

__all__ = ["main"]


def main() -> None:
    """Run one command; exit 0 done, 1 failed with a reason on stderr, 2 wrong usage."""
    try:
        if sys.argv[1:2] == ["run"]:
            from leadlight.cli.running import app as run_alone

            run_alone("leadlight")
        else:
            from leadlight.cli.commands import app

            app(prog_name="leadlight")
    except WrongUsage as error:
        _fail(str(error), code=2)
    except ConfigurationError as error:
        _fail(str(error))
    except Outage as error:
        _fail(f"{error}. `leadlight doctor` tells what is away and what to do.")
    except LeadlightError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")


def _fail(why: str, code: int = 1) -> None:
    sys.stderr.write(f"leadlight: {why}\n")
    sys.exit(code)
