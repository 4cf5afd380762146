"""Tables of other systems: on several data sets, with curves and paired differences."""
