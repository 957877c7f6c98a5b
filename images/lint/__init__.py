"""Numbered rules that judge an OTA file and say why."""
