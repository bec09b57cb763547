/** The `q`-quantile of the numbers among `values`, interpolated linearly (numpy's default); null of none. */
export function quantile(values: readonly (number | null)[], q: number): number | null {
  const sorted = values.filter((value): value is number => value !== null).sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at));
}
