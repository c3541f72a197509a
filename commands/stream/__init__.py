"""A small client of the hub's stream (`docs/protocol.md`), for the commands that read it.

Programs are better served by `clients/python`, which keeps typed records and local books. A command wants the
frames as they are, and needs nothing beside what the hub itself is made of.
"""
