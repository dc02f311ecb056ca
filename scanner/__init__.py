"""xoxscan: finds leaked Slack credentials in files and in git."""

__version__ = "0.1.0"
