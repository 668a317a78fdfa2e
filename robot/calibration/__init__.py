"""What must be measured once on a real rig."""
