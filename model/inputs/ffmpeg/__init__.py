"""Running ffmpeg and ffprobe safely: sandbox, commands, allow-list, error messages."""
