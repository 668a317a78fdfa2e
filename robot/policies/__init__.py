"""Policies where they meet the robot: the training job, and acting in simulated time."""
