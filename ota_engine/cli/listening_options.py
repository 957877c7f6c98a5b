"""The options of commands that are told things on a port of their own, and answer as they are told to."""

from typing import Annotated

import typer

from ota_engine.cli.push_options import duration

OwnPort = Annotated[
    int,
    typer.Option(
        min=0,
        max=0xFFFF,
        metavar="PORT",
        help="Of the loopback interface; 0: any that is free.",
    ),
]
FailStatus = Annotated[
    int, typer.Option(min=300, max=599, metavar="CODE", help="The HTTP status for --fail.")
]
AnswerDelay = Annotated[
    float,
    typer.Option(
        parser=duration,
        metavar="TIME",
        help="Wait before every answer: 2s, 1m.",
        show_default="none",
    ),
]
