"""What an administrator does with the bandwidth plan."""

from collections.abc import Callable

from clouddp.model.bandwidth import BandwidthPlan
from clouddp.model.errors import InvalidInputError
from clouddp.site_server.database.bandwidth_plan import BandwidthPlanRepository


class BandwidthPlanning:
    """The use cases of the bandwidth plan; `wake` tells the distribution manager that another one holds."""

    def __init__(self, plans: BandwidthPlanRepository, *, wake: Callable[[], None]) -> None:
        self._plans = plans
        self._wake = wake

    def get(self) -> BandwidthPlan:
        """Give the plan."""
        return self._plans.get()

    def put(self, plan: BandwidthPlan) -> BandwidthPlan:
        """Let another plan hold, also for what is under way.

        Raises: InvalidInputError for hours that end before they begin.
        """
        for rule in plan.rules:
            if rule.from_hour >= rule.until_hour:
                raise InvalidInputError("content.hours_end_first", start=rule.from_hour, end=rule.until_hour)
        self._plans.put(plan)
        self._wake()
        return plan
