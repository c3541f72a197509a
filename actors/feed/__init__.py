"""What only ingest needs: the transport, the subscriptions, the watch for silence."""
