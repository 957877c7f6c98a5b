"""The one door to a radio: its contract, the tests every radio passes, and a recording of one."""
