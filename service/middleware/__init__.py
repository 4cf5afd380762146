"""What wraps every request: its id, log line and metrics, its errors as problems, its close."""
