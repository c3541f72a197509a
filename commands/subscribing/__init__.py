"""The parts of `sub`: what is asked, where it was, what is written, and when it ends."""
