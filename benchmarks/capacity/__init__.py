"""What a machine can do, and how many replicas a load wants: measured, simulated, compared."""
