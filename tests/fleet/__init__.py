"""Tests of the fleet: releases, approvals and roll-outs over a whole network of hubs."""
