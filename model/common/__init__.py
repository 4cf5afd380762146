"""Small things that everything uses: errors, deadlines, stage times, number of cores."""
