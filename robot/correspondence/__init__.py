"""Correspondence where it meets the robot: its shape, captures of the empty workspace, the training job."""
