"""The OTA server of cluster 0x0019: decides what every client is answered; does no I/O."""
