import { ApiError } from "./errors";

export interface Chosen {
  id: string;
  name: string;
}

/** What became of an action on several experiments. */
export interface BulkOutcome {
  /** In the past, such as “archived”. */
  did: string;
  done: Chosen[];
  refused: (Chosen & { why: string })[];
}

const AT_ONCE = 4;

/** Does something to each experiment; one that is refused does not keep the others from it. */
export async function inBulk(did: string, chosen: readonly Chosen[], action: (id: string) => Promise<unknown>): Promise<BulkOutcome> {
  const whys = new Map<string, string>();
  const waiting = [...chosen];
  const work = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      try {
        await action(one.id);
      } catch (error) {
        whys.set(one.id, whyOf(error));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const refused = chosen.flatMap((one) => {
    const why = whys.get(one.id);
    return why === undefined ? [] : [{ ...one, why }];
  });
  return { did, done: chosen.filter(({ id }) => !whys.has(id)), refused };
}

function whyOf(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  return [error.message, ...Object.values(error.fields)].join(" ");
}

/** `2 of 3 experiments archived`. */
export function outcomeText({ did, done, refused }: BulkOutcome): string {
  const all = done.length + refused.length;
  const what = all === 1 ? "experiment" : "experiments";
  return refused.length === 0 ? `${all} ${what} ${did}` : `${done.length} of ${all} ${what} ${did}`;
}
