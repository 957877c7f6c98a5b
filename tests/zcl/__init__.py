"""The ZCL codec."""
