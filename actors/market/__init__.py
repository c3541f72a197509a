"""PURE: the vocabulary of the market and its mathematics. No trio, no clock, no logging."""
