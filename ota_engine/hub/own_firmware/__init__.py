"""The firmware of the Communications Hub itself: fetched over its WAN, run at a set time, reported."""
