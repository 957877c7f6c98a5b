"""``python -m ota_engine`` is the ``zota`` command."""

from ota_engine.cli.app import main

if __name__ == "__main__":
    main()
