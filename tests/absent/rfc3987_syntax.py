"""Stands before a library that nothing here uses, and has it not found; see ``tests``."""

raise ModuleNotFoundError(f"{__name__} is kept from tests", name=__name__)
