"""Agents that look at one segment after the other, taught by reward."""
