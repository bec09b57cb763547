import NextLink from "next/link";
import type { ComponentProps } from "react";

/**
 * A link within the dashboard, without prefetching: a page loads fast from a local server, and the twenty
 * prefetch requests of a page view would delay its data.
 */
export function Link(props: ComponentProps<typeof NextLink>) {
  return <NextLink prefetch={false} {...props} />;
}
