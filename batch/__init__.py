"""Archives of videos to rows: every video once, on all cores, and on after an interruption."""
