"""`/ws`: for whoever wants some of what the hub knows, at a rate of their own (see docs/protocol.md)."""
