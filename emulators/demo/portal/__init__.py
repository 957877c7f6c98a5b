"""An example estate to try the portal with: founded in virtual time, then served by a faster calendar."""
