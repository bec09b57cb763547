"""What a comparison would take, before there is one."""

from app.schemas.comparison import ComparisonConfig, ComparisonEstimate, VariantEstimate
from app.services.comparisons.service import expand
from app.services.preview.service import PreviewService


async def estimate_comparison(previews: PreviewService, comparison: ComparisonConfig) -> ComparisonEstimate:
    """Return the estimates of the experiments of a comparison, and their sums; stores nothing.

    Raises:
        InvalidInput: if a field is wrong, or the model, the dataset or the sample size of one experiment is.
    """
    configs = zip(comparison.variants, expand(comparison), strict=True)
    found = [
        VariantEstimate(name=variant.name, estimate=await previews.estimate(config))
        for variant, config in configs
    ]
    costs = [one.estimate.cost_usd for one in found]
    known = [cost for cost in costs if cost is not None]
    return ComparisonEstimate(
        variants=found,
        calls=sum(one.estimate.calls for one in found),
        tokens=sum(one.estimate.prompt_tokens + one.estimate.completion_tokens for one in found),
        cost_usd=sum(known) if len(known) == len(costs) else None,
    )
