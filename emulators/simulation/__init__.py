"""One engine and its emulated devices in virtual time: who lives there, what goes wrong, the judge."""
