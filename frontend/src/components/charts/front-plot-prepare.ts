export interface Place {
  x: number;
  y: number;
}

/** Pixels between two labels. */
const GAP = 2;
const DIRECTIONS = 16;
const RINGS = 10;
const STEP = 9; // pixels from a ring of places to the next

/**
 * Where the round label of each point stands: on its point, or, if an earlier label is there, on the nearest free
 * place around it. A crowd that fills the plot leaves the rest on their points.
 *
 * @param points - in pixels; those that matter most come first
 * @param radius - of a label
 * @param size - of the plot, which no label leaves
 */
export function placeLabels(points: readonly Place[], radius: number, size: { width: number; height: number }): Place[] {
  const placed: Place[] = [];
  const isFree = (one: Place) => placed.every((other) => Math.hypot(one.x - other.x, one.y - other.y) >= 2 * radius + GAP);
  const isInside = ({ x, y }: Place) => x >= 0 && x <= size.width && y >= 0 && y <= size.height - radius;
  for (const point of points) {
    placed.push(isFree(point) ? point : (placesAround(point, radius).find((place) => isInside(place) && isFree(place)) ?? point));
  }
  return placed;
}

/** Places in rings around a point, the nearest first; upwards first, where there are fewest lines. */
function placesAround({ x, y }: Place, radius: number): Place[] {
  return Array.from({ length: RINGS * DIRECTIONS }, (_, index) => {
    const distance = radius + 4 + STEP * (1 + Math.floor(index / DIRECTIONS));
    const turn = Math.ceil((index % DIRECTIONS) / 2) * (index % 2 === 0 ? 1 : -1);
    const angle = -Math.PI / 2 + (turn * 2 * Math.PI) / DIRECTIONS;
    return { x: x + distance * Math.cos(angle), y: y + distance * Math.sin(angle) };
  });
}
