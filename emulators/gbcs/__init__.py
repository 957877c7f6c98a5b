"""What a device of GB smart metering does with GBCS messages; pure, like the device around it."""
