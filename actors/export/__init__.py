"""History as Parquet files: for a data scientist's tools, and for keeping longer than the hub does."""
