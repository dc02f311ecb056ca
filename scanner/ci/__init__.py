"""What a CI system says of the change that it runs for, and how the commits of that come here."""
