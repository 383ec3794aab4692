"""REST: the bandwidth plan."""

from typing import Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from clouddp.model.bandwidth import BandwidthPlan, HoursRule, Opening, Weekday


class Planning(Protocol):
    """What an administrator does with the bandwidth plan."""

    def get(self) -> BandwidthPlan:
        """Give the plan."""

    def put(self, plan: BandwidthPlan) -> BandwidthPlan:
        """Let another plan hold."""


class HoursRuleBody(BaseModel):
    """What may be sent on these days from one full hour until another, UTC."""

    model_config = ConfigDict(extra="forbid")

    days: list[Weekday] = Field(min_length=1, max_length=7)
    from_hour: int = Field(ge=0, le=23, strict=True)
    until_hour: int = Field(ge=1, le=24, strict=True)
    opening: Opening


class BandwidthPlanBody(BaseModel):
    """How the site uses its line; of several rules for one hour the last one counts."""

    model_config = ConfigDict(extra="forbid")

    limit_bytes_per_second: int | None = Field(ge=1, le=10**12, strict=True)
    rules: list[HoursRuleBody] = Field(default=[], max_length=200)


def bandwidth_plan_routes(planning: Planning) -> APIRouter:
    """Make the routes below `/bandwidth-plan`."""
    router = APIRouter(prefix="/bandwidth-plan", tags=["bandwidth plan"])

    @router.get("")
    def show_plan() -> BandwidthPlanBody:
        """Show the plan."""
        return _view(planning.get())

    @router.put("")
    def change_plan(body: BandwidthPlanBody) -> BandwidthPlanBody:
        """Let another plan hold, also for what is under way."""
        rules = tuple(
            HoursRule(days=tuple(rule.days), from_hour=rule.from_hour, until_hour=rule.until_hour, opening=rule.opening)
            for rule in body.rules
        )
        return _view(planning.put(BandwidthPlan(limit_bytes_per_second=body.limit_bytes_per_second, rules=rules)))

    return router


def _view(plan: BandwidthPlan) -> BandwidthPlanBody:
    rules = [
        HoursRuleBody(days=list(rule.days), from_hour=rule.from_hour, until_hour=rule.until_hour, opening=rule.opening)
        for rule in plan.rules
    ]
    return BandwidthPlanBody(limit_bytes_per_second=plan.limit_bytes_per_second, rules=rules)
