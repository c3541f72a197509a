"""What alerts need beside their rules: where they are kept, where they go, and who may ask about them."""
