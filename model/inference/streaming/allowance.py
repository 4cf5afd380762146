"""Allowance: a ceiling on the multiply-adds of a stream, kept without knowing what is to come."""

from __future__ import annotations

from dataclasses import dataclass

from model.common.errors import BudgetTooSmallError
from model.inference.decisions import Budget


@dataclass(slots=True)
class Allowance:
    """Of `num_segments` segments each may take an equal share of the ceiling, and what those before
    it left. So the sum never exceeds the ceiling, and an early segment never eats a later one's."""

    ceiling: int
    num_segments: int
    policy_macs: int
    _begun: int = 0
    _spent: int = 0

    @classmethod
    def of(cls, max_gflops: float, *, num_segments: int, policy_macs: int) -> Allowance:
        """Raises BudgetTooSmallError where the shares do not cover the policy."""
        ceiling = Budget.of(max_gflops, spent=0).ceiling
        if ceiling < policy_macs * num_segments:
            raise BudgetTooSmallError(
                f"max_gflops is {max_gflops:g}; the policy network on {num_segments} segments alone"
                f" takes {policy_macs * num_segments / 1e9:g}"
            )
        return cls(ceiling, num_segments, policy_macs)

    def next(self) -> Budget:
        """Of the next segment: its share, and what is left; the policy is spent."""
        self._begun += 1
        share = self.ceiling * self._begun // self.num_segments
        return Budget(share - self._spent, self.policy_macs)

    def spend(self, macs: int) -> None:
        """What a segment took, its share of the policy included."""
        self._spent += macs
