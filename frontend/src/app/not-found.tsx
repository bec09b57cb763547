import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Empty } from "@/components/ui/state";

export default function NotFound() {
  return (
    <Empty
      title="There is no such page"
      action={
        <Button asChild>
          <Link href="/">To the overview</Link>
        </Button>
      }
    >
      The address may be mistyped, or the page has moved.
    </Empty>
  );
}
