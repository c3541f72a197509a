"""The web: what readers of the live picture talk to, over HTTP and WebSockets.

`app.py` puts the application together and `server.py` serves it; everything is read from
`readmodel.py`, and nothing here asks an actor anything.
"""
