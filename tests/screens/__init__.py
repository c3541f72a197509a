"""Pictures of the screens, for people: `make screenshots`."""
