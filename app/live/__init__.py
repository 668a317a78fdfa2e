"""What the pages share on which the arm moves: live views, driving by hand, the reference frame."""
