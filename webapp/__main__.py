"""`python -m webapp` is what `make run` calls: it starts what the environment does not name,
then the Procfile.

`python -m webapp environment` prints, for a shell to evaluate, what points at the servers that
it starts.
"""

import sys

from webapp import privileges
from webapp.config import Misconfigured, Settings, refuse_unsafe_start
from webapp.logs import keep_values_out


def main() -> int:
    """Start, or do what the arguments name; the exit status."""
    keep_values_out()
    try:
        settings = Settings()
        if not sys.argv[1:]:
            refuse_unsafe_start(settings)
            privileges.drop_root_or_exit(make_folder=True)

        from webapp import supervisor  # noqa: PLC0415 - what works on data is loaded after root is gone

        match sys.argv[1:]:
            case []:
                return supervisor.start(settings)
            case ["environment"]:
                supervisor.say(supervisor.shell_lines(settings))
                return 0
    except Misconfigured as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1

    print(__doc__, file=sys.stderr)  # noqa: T201

    return 2


if __name__ == "__main__":
    sys.exit(main())
