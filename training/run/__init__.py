"""What every run has: device and processes, states on disk, log, random numbers, optimisation."""
