"""What the plugins actor stands on: loading classes, what they are told, calling them, and what they said."""
