"""The OTA client of an emulated device, part by part; sans-IO."""
