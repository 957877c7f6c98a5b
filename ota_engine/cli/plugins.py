"""What other packages bring to the command line: entry points, found by name and loaded one by one.

Knows groups and names; what an entry point holds is its user's business.
"""

from enum import StrEnum

from ota_engine.errors import LocalError


class Group(StrEnum):
    """The groups of entry points, as ``pyproject.toml`` writes them."""

    COMMANDS = "zota.commands"  # each a ota_engine.cli.commands.CommandRow
    GATEWAY = "zota.gateway"  # words after ``zota gateway``; each the function of a command
    LINKS = "zota.links"  # by scheme; each takes a link URL and gives a LinkChoice


def names(group: Group) -> tuple[str, ...]:
    """List what the installed packages bring, in the order of its names."""
    from importlib.metadata import entry_points  # 20 ms that no command of our own pays for

    return tuple(sorted(entry_points(group=group).names))


def load(group: Group, name: str) -> object | None:
    """Load what a package brings under this name; None if none does.

    Raises:
        LocalError: it cannot be imported.
    """
    from importlib.metadata import entry_points

    point = next(iter(entry_points(group=group, name=name)), None)
    if point is None:
        return None
    try:
        loaded: object = point.load()
    except (ImportError, AttributeError) as error:
        package = "" if point.dist is None else f" of the package {point.dist.name}"
        raise LocalError(
            f"{name}{package} cannot be loaded: {error}: install that package again"
        ) from error
    return loaded
