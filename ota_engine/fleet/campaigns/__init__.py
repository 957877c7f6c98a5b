"""Roll-outs in phases, with gates that hold by themselves; pure."""
