"""How far single runs at finite d lie from the equations."""
