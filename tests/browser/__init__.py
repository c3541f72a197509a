"""Tests in a real Chromium, on the real hub in demo mode."""
