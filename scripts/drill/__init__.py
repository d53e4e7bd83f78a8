"""The drill: kill what serves Bearing while phones write, and count what was acknowledged."""
