"""What all parts of one hub share: output, clock, deadlines, devices, images; no conversation."""
