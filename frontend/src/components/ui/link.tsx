import NextLink from "next/link";
import type { ComponentProps } from "react";

/**
 * A link within the dashboard. It loads nothing ahead: with a server next door a page is there within a
 * moment, and twenty requests at each view would stand in the way of its data.
 */
export function Link(props: ComponentProps<typeof NextLink>) {
  return <NextLink prefetch={false} {...props} />;
}
