"""The HTTP service around one classifier: upload, admission, errors, metrics, web page."""
