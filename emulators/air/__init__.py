"""The emulated air and all who share it: frames between nodes and servers, in virtual time."""
