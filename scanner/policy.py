"""What may be done about a leaked token: pure decisions (docs/responding.md)."""
