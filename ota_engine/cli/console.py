"""Where people read: rich's console, which leaves it to ``main`` what a broken pipe means."""

import rich.console


class PeopleConsole(rich.console.Console):
    """Prints, and tells whoever started the command when nobody reads on."""

    def on_broken_pipe(self) -> None:
        """Pass it on; rich would end with the exit code of warnings.

        Raises:
            BrokenPipeError: always.
        """
        raise BrokenPipeError
