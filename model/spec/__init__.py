"""The description that travels with the weights: networks, inputs, costs and operating points."""
