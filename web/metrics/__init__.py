"""`/metrics`: what the hub counts anyway, read when somebody asks, for Prometheus (see docs/metrics.md)."""
