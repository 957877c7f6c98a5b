"""What went over the air, written down for Wireshark: 802.15.4 frames in a pcapng file. Pure."""
