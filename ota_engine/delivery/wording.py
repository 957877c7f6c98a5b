"""Makes text from outside safe to store, show and log: one bounded line of printable characters."""

LONGEST = 200  # characters of a reason or name that came from outside


def one_line(text: str) -> str:
    """Escape what is not printable (line breaks, terminal codes, lone surrogates) and cut."""
    printable = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[: LONGEST + 1]
    )
    return printable if len(printable) <= LONGEST else printable[: LONGEST - 1] + "…"
