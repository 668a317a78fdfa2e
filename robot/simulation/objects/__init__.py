"""Things on the table: shape, mass and named points, one file each."""
