"""What people ask about many homes at once, as sets and pages; knows the tables, no question.

Homes of one party are those for which it answers now, for either fuel.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.inventory.rows import Home
from ota_engine.store.backends.database import Database, Dialect
from ota_engine.store.fleet.forms import FORMS

_MEMBER: Final = FORMS[Member]
_HOME: Final = FORMS[Home]
_OWN: Final = (
    "(SELECT home FROM homes WHERE electricity = :party"
    " UNION SELECT home FROM homes WHERE gas = :party)"
)

#: Devices of one variant that run one version, in the order of their homes.
_VERSION_INDEX: Final = "ix_fleet_devices_variant_version_status_home"
_RUNS: Final = "d.variant = :variant AND d.status = 'Commissioned' AND d.version"


class HomesCounted(NamedTuple):
    """How many homes of a campaign stand alike.

    Attributes:
        phase: number.
        state: text of ``MemberState``.
        reason: why.
        homes: how many.
        since_utc: since when the first of them does.
    """

    phase: int
    state: str
    reason: str
    homes: int
    since_utc: float


def count_own(driver: Database, campaign: str, party: str, members: int) -> list[HomesCounted]:
    """Count the homes of a campaign for which a party answers, by where they stand.

    Args:
        driver: within a transaction.
        campaign: whose.
        party: who answers.
        members: how many homes the campaign has: it begins with whatever is fewer.
    """
    given, then = {"campaign": campaign, "party": party}, driver.dialect.then
    own = driver.execute(
        "SELECT (SELECT count(*) FROM homes WHERE electricity = :party)"
        " + (SELECT count(*) FROM homes WHERE gas = :party)",
        given,
    ).fetchone()[0]
    if members < own:
        source = (
            f"members AS m {then} homes AS h ON h.home = m.home"
            " WHERE m.campaign = :campaign AND (h.electricity = :party OR h.gas = :party)"
        )
    else:
        source = f"{_OWN} AS o {then} members AS m ON m.home = o.home WHERE m.campaign = :campaign"
    text = (
        "SELECT m.phase, m.state, m.reason, count(*), min(m.since_utc)"  # noqa: S608 - our own words
        f" FROM {source} GROUP BY m.phase, m.state, m.reason ORDER BY m.phase, m.state, m.reason"
    )
    return [HomesCounted(*row) for row in driver.execute(text, given)]


def waiting_since(driver: Database, campaign: str, phase: int, reason: str) -> float | None:
    """Say since when the first home of a phase waits for a reason; read off an index."""
    text = (
        "SELECT min(since_utc) FROM members"
        " WHERE campaign = ? AND phase = ? AND reason = ? AND state = 'waiting'"
    )
    found: float | None = driver.execute(text, (campaign, phase, reason)).fetchone()[0]
    return found


class MembersWanted(NamedTuple):
    """Which homes of a campaign a page lists, those that stand where they stand for longest first.

    Attributes:
        campaign: whose.
        states: texts of ``MemberState``.
        phase: number; 0 for all.
        reason: why; None for any.
        party: that answers for them; empty for all.
        after: time and home of the last one of the page before; None for the first page.
        most: give no more than so many.
        by_homes: begin with the homes of the party, not with those of the campaign.
    """

    campaign: str
    states: tuple[str, ...]
    phase: int
    reason: str | None
    party: str
    after: tuple[float, str] | None
    most: int
    by_homes: bool = True


def page_of_members(driver: Database, wanted: MembersWanted) -> list[Member]:
    """Read a page of homes of a campaign."""
    given: dict[str, Any] = {"campaign": wanted.campaign, "most": wanted.most}
    conditions = ["m.campaign = :campaign"]
    if wanted.states == ("waiting",):
        conditions.append("m.state = 'waiting'")  # as the index of waiting homes has it
    else:
        marks = [f":state{number}" for number in range(len(wanted.states))]
        given |= dict(zip((mark[1:] for mark in marks), wanted.states, strict=True))
        conditions.append(f"m.state IN ({', '.join(marks)})")
    if wanted.phase:
        conditions.append("m.phase = :phase")
        given["phase"] = wanted.phase
    if wanted.reason is not None:
        conditions.append("m.reason = :reason")
        given["reason"] = wanted.reason
    if wanted.after is not None:
        conditions.append("(m.since_utc, m.home) > (:since, :home)")
        given["since"], given["home"] = wanted.after
    source, then = "members AS m", driver.dialect.then
    if wanted.party:
        given["party"] = wanted.party
        source = f"{_OWN} AS o {then} members AS m ON m.home = o.home"
    if wanted.party and not wanted.by_homes:
        source = f"members AS m {then} homes AS h ON h.home = m.home"
        conditions.append("(h.electricity = :party OR h.gas = :party)")
    picked = (
        f"SELECT m.home, m.since_utc FROM {source} WHERE {' AND '.join(conditions)}"  # noqa: S608 - our own words
        " ORDER BY m.since_utc, m.home LIMIT :most"  # of what is sorted, only what it is sorted by
    )
    text = (
        f"SELECT {_columns('m', _MEMBER.names)} FROM ({picked}) AS p {then} members AS m"  # noqa: S608 - as above
        " ON m.campaign = :campaign AND m.home = p.home ORDER BY m.since_utc, m.home"
    )
    return [_MEMBER.read(row) for row in driver.execute(text, given)]


class DevicesWanted(NamedTuple):
    """Which devices a home must have one of.

    Attributes:
        variant: id of it.
        versions: that they may run; None is that nobody said.
    """

    variant: str
    versions: tuple[int | None, ...]


class HomesWanted(NamedTuple):
    """Which homes a page lists, by their ids.

    Attributes:
        where: pairs of a field of ``Home`` and the value it must have.
        party: that answers for them; empty for all.
        after: the last one of the page before; empty for the first page.
        most: give no more than so many.
        device: that they have one of; None for all homes.
    """

    where: tuple[tuple[str, str], ...]
    party: str
    after: str
    most: int
    device: DevicesWanted | None = None


class HomesSought(NamedTuple):
    """Homes as a statement finds them.

    Attributes:
        parts: what follows SELECT and its columns; a home that several of them find counts once.
        counting: the same where no row of a home need be read.
        order: the column that has their ids, by which an index has each part in order.
        given: values that they are given.
        id_of: the column that has their ids where they are counted.
    """

    parts: tuple[str, ...]
    counting: tuple[str, ...]
    order: str
    given: dict[str, Any]
    id_of: str = "homes.home"


def homes_sought(driver: Database, wanted: HomesWanted) -> HomesSought:
    """Say how homes are found: by those of a party, or by their devices, whichever are fewer."""
    given: dict[str, Any] = {"party": wanted.party} | dict(wanted.where)
    same = "".join(f" AND homes.{name} = :{name}" for name, _ in wanted.where)
    fuels = ("electricity", "gas") if wanted.party else ()
    own = [f"homes.{fuel} = :party" for fuel in fuels] or ["true"]
    if wanted.device is None:
        parts = tuple(f"FROM homes WHERE {part}{same}" for part in own)
        return HomesSought(parts, parts, "homes.home", given)
    dialect, runs = driver.dialect, []
    given["variant"] = wanted.device.variant
    for number, version in enumerate(wanted.device.versions):
        runs.append(f"{_RUNS} {'IS NULL' if version is None else f'= :version{number}'}")
        given[f"version{number}"] = version
    if fuels and _own_are_fewer(driver, runs, given):
        having = " OR ".join(
            f"EXISTS (SELECT 1 FROM {_by_version(dialect)} WHERE {run} AND d.home = homes.home)"  # noqa: S608 - our own words
            for run in runs
        )
        parts = tuple(f"FROM homes WHERE {part} AND ({having}){same}" for part in own)
        return HomesSought(parts, parts, "homes.home", given)
    if fuels:
        same += f" AND ({' OR '.join(own)})"
    joined = f"{_by_version(dialect)} {dialect.then} homes ON homes.home = d.home"
    parts = tuple(f"FROM {joined} WHERE {run}{same}" for run in runs)
    alone = tuple(f"FROM {_by_version(dialect)} WHERE {run}" for run in runs)
    order = dialect.choose(sqlite="d.home", postgresql="homes.home")
    return HomesSought(parts, parts if same else alone, order, given, "d.home")


def _own_are_fewer(driver: Database, runs: Sequence[str], given: dict[str, Any]) -> bool:
    """Whether a party has fewer homes than there are devices of some versions."""
    by_version = _by_version(driver.dialect)
    own = driver.execute(f"SELECT count(*) FROM {_OWN} AS own", given).fetchone()[0]  # noqa: S608 - our own words
    devices = " UNION ALL ".join(f"SELECT 1 FROM {by_version} WHERE {run}" for run in runs)  # noqa: S608 - as above
    some = f"SELECT count(*) FROM ({devices or 'SELECT 1 WHERE false'} LIMIT :own) AS few"  # noqa: S608 - as above
    found = driver.execute(some, given | {"own": own}).fetchone()[0]
    return bool(found == own)


def page_of_homes(driver: Database, sought: HomesSought, wanted: HomesWanted) -> list[Home]:
    """Read a page of homes."""
    if not sought.parts:
        return []
    given = sought.given | {"after": wanted.after, "most": wanted.most}
    columns, order = _columns("homes", _HOME.names), sought.order
    pages = [
        f"SELECT * FROM (SELECT {columns} {part} AND {order} > :after"  # noqa: S608 - our own words
        f" GROUP BY {order} ORDER BY {order} LIMIT :most) AS page{number}"
        for number, part in enumerate(sought.parts)
    ]
    text = f"{' UNION '.join(pages)} ORDER BY home LIMIT :most"
    return [_HOME.read(row) for row in driver.execute(text, given)]


def count_homes(driver: Database, sought: HomesSought) -> int:
    """Count homes, on all pages."""
    if not sought.parts:
        return 0
    sets = " UNION ".join(f"SELECT DISTINCT {sought.id_of} {part}" for part in sought.counting)
    text = f"SELECT count(*) FROM ({sets}) AS homes"  # noqa: S608 - our own words
    total: int = driver.execute(text, sought.given).fetchone()[0]
    return total


def versions_about(driver: Database, variant: str) -> list[int | None]:
    """Name the versions that devices of a variant run, the latest first; looks once for each."""
    text = """
        WITH RECURSIVE about (version) AS (
            SELECT (SELECT max(d.version) FROM fleet_devices AS d WHERE d.variant = :variant)
            UNION ALL
            SELECT (
                SELECT max(d.version) FROM fleet_devices AS d
                WHERE d.variant = :variant AND d.version < about.version
            ) FROM about WHERE about.version IS NOT NULL
        )
        SELECT version FROM about WHERE version IS NOT NULL AND EXISTS (
            SELECT 1 FROM fleet_devices AS d
            WHERE d.variant = :variant AND d.version = about.version AND d.status = 'Commissioned'
        )
    """
    return [version for (version,) in driver.execute(text, {"variant": variant})]


def versions_of_own(driver: Database, party: str) -> dict[str, dict[int | None, int]]:
    """Count what devices run in the homes of a party, by variant and version."""
    text = (
        "SELECT d.variant, d.version, count(*)"  # noqa: S608 - our own words
        f" FROM {_OWN} AS o {driver.dialect.then} fleet_devices AS d ON d.home = o.home"
        " WHERE d.status = 'Commissioned' GROUP BY d.variant, d.version"
        " ORDER BY d.variant, d.version NULLS FIRST"
    )
    found: dict[str, dict[int | None, int]] = {}
    for variant, version, devices in driver.execute(text, {"party": party}):
        found.setdefault(variant, {})[version] = devices
    return found


def count_own_homes(driver: Database, party: str, name: str) -> dict[str, int]:
    """Count the homes of a party by one field of theirs."""
    text = (
        f"SELECT h.{name}, count(*) FROM {_OWN} AS o"  # noqa: S608 - our own words
        f" {driver.dialect.then} homes AS h ON h.home = o.home GROUP BY h.{name} ORDER BY h.{name}"
    )
    return dict(driver.execute(text, {"party": party}).fetchall())


def rows_of(driver: Database, kind: type[Any], ending: str, given: dict[str, Any]) -> Iterator[Any]:
    """Read rows of a kind, named ``r``, by the end of a statement: what follows FROM and the table."""
    form = FORMS[kind]
    text = f"SELECT {_columns('r', form.names)} FROM {form.table} AS r {ending}"  # noqa: S608 - our own words
    return map(form.read, driver.execute(text, given))


def count_of(driver: Database, kind: type[Any], ending: str, given: dict[str, Any]) -> int:
    """Count rows of a kind as ``rows_of`` reads them."""
    text = f"SELECT count(*) FROM {FORMS[kind].table} AS r {ending}"  # noqa: S608 - our own words
    found: int = driver.execute(text, given).fetchone()[0]
    return found


def in_homes_of(party: str, condition: str) -> str:
    """Write the end of a statement over rows ``r`` that have a home: those in a party's homes alone.

    Args:
        party: that answers for the homes, and is given as ``party``; empty for all homes.
        condition: that the rows must meet besides.
    """
    if not party:
        return f"WHERE {condition}"
    own = "(h.electricity = :party OR h.gas = :party)"
    return f"JOIN homes AS h ON h.home = r.home WHERE {condition} AND {own}"


def homes_of_others(
    driver: Database, words: Sequence[str], devices: Sequence[str], party: str
) -> set[str]:
    """Name those of some words that are homes, or devices in homes, for which a party does not answer.

    Args:
        driver: within a transaction.
        words: that may be ids of homes.
        devices: that may be EUI-64s, as people write them.
        party: who may know its own.
    """
    found = set(_known(driver, words, party, "SELECT h.home FROM homes AS h WHERE h.home IN"))
    device = (
        "SELECT d.{0} FROM fleet_devices AS d JOIN homes AS h ON h.home = d.home WHERE d.{0} IN"
    )
    for name in ("device", "gpf"):
        found.update(_known(driver, devices, party, device.format(name)))
    return found


def _known(driver: Database, words: Sequence[str], party: str, text: str) -> Iterator[str]:
    most = 500  # in one statement
    for start in range(0, len(words), most):
        part = words[start : start + most]
        marks = ", ".join("?" * len(part))
        whose = "h.electricity <> ? AND h.gas <> ?"
        for row in driver.execute(f"{text} ({marks}) AND {whose}", (*part, party, party)):
            yield row[0]


def _by_version(dialect: Dialect) -> str:
    return f"fleet_devices AS d {dialect.by_index(_VERSION_INDEX)}"


def _columns(table: str, names: Sequence[str]) -> str:
    return ", ".join(f"{table}.{name}" for name in names)
