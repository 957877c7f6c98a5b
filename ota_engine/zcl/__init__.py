"""ZCL frames and the commands of the OTA Upgrade cluster, as octets and as records."""
