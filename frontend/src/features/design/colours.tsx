const groups: readonly (readonly [string, readonly (readonly [name: string, swatch: string, use: string])[]])[] = [
  [
    "Base",
    [
      ["ink", "bg-ink", "headings, primary"],
      ["paper", "bg-paper", "page"],
      ["muted", "bg-muted", "body, secondary"],
      ["line", "bg-line", "borders"],
      ["shade", "bg-shade", "behind dialogs"],
    ],
  ],
  [
    "Status",
    [
      ["good", "bg-good", "right, better, works"],
      ["bad", "bg-bad", "wrong, worse, broken"],
      ["warn", "bg-warn", "needs attention"],
      ["info", "bg-info", "in progress"],
    ],
  ],
  [
    "Data",
    [
      ["data-1", "bg-data-1", "blue"],
      ["data-2", "bg-data-2", "rust"],
      ["data-3", "bg-data-3", "aqua"],
      ["data-4", "bg-data-4", "plum"],
      ["data-5", "bg-data-5", "ochre"],
      ["data-6", "bg-data-6", "clay"],
    ],
  ],
];

/** All colours, by token. */
export function Colours() {
  return (
    <div className="flex flex-col gap-4">
      {groups.map(([group, colours]) => (
        <div key={group}>
          <h3 className="mb-1.5 font-sans text-xs font-medium">{group}</h3>
          <ul className="flex flex-wrap gap-3">
            {colours.map(([name, swatch, use]) => (
              <li key={name} className="w-36">
                <div className={`h-10 rounded-md border ${swatch}`} />
                <p className="mt-1 text-xs">
                  <span className="font-medium text-ink">{name}</span> {use}
                </p>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}
