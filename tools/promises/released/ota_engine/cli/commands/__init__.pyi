# Declarations as released; written by `python tools/promises --release`.

class CommandRow(NamedTuple):
    name: str
    module: str
    help: str
    panel: Panel
    hidden: bool = False

class Panel(StrEnum):
    IMAGES = "Images and the catalogue"
    DELIVERY = "Radios and delivery"
    ORDERS = "Signed orders"
    EVIDENCE = "Outcomes and evidence"
    FLEET = "A network of hubs"
    EMULATION = "Emulation"
