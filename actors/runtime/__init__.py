"""What every actor stands on: supervision, channels, settings, errors, clocks, logs."""
