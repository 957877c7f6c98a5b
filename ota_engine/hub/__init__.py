"""One Communications Hub: delivers, orders and proves for the devices of one home or lab dongle; pure."""
