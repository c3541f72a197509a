"""The parts of `top`: a picture of the hub, a view of it, and the terminal that shows it.

`feeding` fills the `picture`, `keys` move the `view`, `drawing` makes lines of both, and `terminal` shows
them. Only `feeding` and `terminal` know a world outside; plain ANSI is all that they need.
"""
