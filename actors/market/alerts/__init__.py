"""Alert rules, purely: what they say, when they fire on the live picture, and what is told of it."""
