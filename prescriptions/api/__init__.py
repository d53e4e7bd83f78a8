"""The JSON API for a clinic's other systems: what they read, behind the door of a token."""
