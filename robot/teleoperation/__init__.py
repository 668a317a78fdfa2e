"""What a person's hand is to the arm: devices, bindings, and the way from a movement to a setpoint. No Qt here."""
