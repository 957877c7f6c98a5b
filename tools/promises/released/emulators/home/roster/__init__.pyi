# Declarations as released; written by `python tools/promises --release`.

class Roster(NamedTuple):
    entries: tuple[RosterEntry, ...]
    keys: str | None = None
    hub: RosterHub | None = None
    keeps: bool = False

class RosterEntry(NamedTuple):
    name: str
    spec: DeviceSpec
    placement: Placement
    plug_in_after: float | None = None
    trigger_after: float | None = None
    announces: tuple[Announcement, ...] = ()

def default_roster() -> tuple[RosterEntry, ...]: ...
def parse_roster(text: str) -> Roster: ...
