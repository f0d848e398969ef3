"""The health of a data set: what cannot be used of it, and why."""

from dataclasses import dataclass
from typing import Any

from segcore.data.sources.problems import Problem


@dataclass(frozen=True)
class Finding:
    problem: Problem
    key: str
    message: str  # one line that names the file and the way out


@dataclass(frozen=True)
class HealthReport:
    """What preparing a split came upon; samples with a finding were left out."""

    checked: int
    findings: tuple[Finding, ...] = ()

    @property
    def used(self) -> int:
        return self.checked - len(self.findings)

    @property
    def is_healthy(self) -> bool:
        return not self.findings

    def by_problem(self) -> dict[Problem, list[Finding]]:
        """The findings by kind, kinds without one left out."""
        return {
            problem: found
            for problem in Problem
            if (found := [finding for finding in self.findings if finding.problem == problem])
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "checked": self.checked,
            "findings": [
                [finding.problem, finding.key, finding.message] for finding in self.findings
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "HealthReport":
        findings = (Finding(Problem(problem), *rest) for problem, *rest in data["findings"])
        return cls(data["checked"], tuple(findings))
