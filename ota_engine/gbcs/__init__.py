"""GBCS messages: parsed, built, protected and believed; knows no clock, no file and no radio."""
