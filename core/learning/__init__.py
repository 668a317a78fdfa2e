"""What all trainings share, whatever is learned."""
